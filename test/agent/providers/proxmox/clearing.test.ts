import { describe, expect, test } from 'vitest'
import { imageFileName } from '#agent/providers/image-names.ts'
import { HOST } from '#test/support/proxmox-site.ts'
import { config, GUEST, machine, NODE, scriptedHosts, VM } from './one-guest.ts'
import { byPath } from './scripted-host.ts'

/** What is cleared away, and above all what is not. */
const scripted = scriptedHosts()

describe('what is cleared away', () => {
  const old = imageFileName({ media: 'image', secureBoot: false, talosVersion: 'v1.12.0', schematicId: 'c'.repeat(64) })
  const gone = 'lanline-6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0099-cidata.iso'
  const living = `lanline-${machine.machineId}-cidata.iso`
  const inDrive = 'talos-v1.12.0-cccccccc-nocloud-amd64.iso'
  const listing: Record<string, readonly unknown[]> = {
    import: [old, 'debian.qcow2'].map((name) => ({ volid: `local:import/${name}`, size: 1, ctime: 1_700_000_000 })),
    iso: [gone, living, inDrive, 'truenas.iso'].map((name) => ({
      volid: `local:iso/${name}`,
      size: '1',
      ctime: '1700000000',
    })),
  }
  const answers = {
    [`GET /nodes/${HOST}/storage`]: { data: [{ storage: 'local', content: 'iso,import', active: 1 }] },
    [`GET /nodes/${HOST}/storage/local/content`]: (asked: { params: Readonly<Record<string, string>> }) => ({
      data: listing[asked.params['content'] ?? ''] ?? [],
    }),
    'GET /cluster/resources': { data: [NODE, GUEST, { ...GUEST, vmid: 900, template: 1 }] },
    [`GET ${VM}/config`]: { data: config },
    [`GET /nodes/${HOST}/qemu/900/config`]: { data: { ide2: `local:iso/${inDrive},media=cdrom,size=1M` } },
  }

  test('[pitfall 37] images and CDs by our names that nothing uses; templates count as users', async () => {
    const host = await scripted(byPath(answers))
    const unused = await host.provider.listUnusedImages(HOST, 'local')
    expect(unused).toMatchObject({ ok: true })
    expect(unused.ok && unused.value.map(({ fileName }) => fileName)).toEqual([old, gone])
    expect(unused.ok && unused.value[0]?.createdAt).toBe(1_700_000_000_000)
  })

  test('one guest that may not be read makes all of them used', async () => {
    const hidden = { status: 403, reason: 'Permission check failed (/vms/900, VM.Audit)' }
    const host = await scripted(byPath({ ...answers, [`GET /nodes/${HOST}/qemu/900/config`]: hidden }))
    expect(await host.provider.listUnusedImages(HOST, 'local')).toMatchObject({ ok: false })
  })

  test('[P7] backups of a machine are not what it left behind, and are not even asked for', async () => {
    const backup = { volid: 'local:backup/vzdump-qemu-2001.vma.zst', vmid: 2001, content: 'backup' }
    const disk = { volid: 'local:2001/vm-2001-disk-0.raw', vmid: '2001', content: 'images' }
    const host = await scripted(
      byPath({
        [`GET /nodes/${HOST}/storage`]: { data: [{ storage: 'local', content: 'backup,images', active: 1 }] },
        [`GET /nodes/${HOST}/storage/local/content`]: ({ params }) => ({
          data: params['content'] === 'images' ? [disk] : [backup, disk],
        }),
      }),
    )
    expect(await host.provider.listLeftovers(machine)).toEqual({
      ok: true,
      value: { volumeIds: [disk.volid], silent: [] },
    })
  })

  test('[pitfall 55] a storage that is down is not asked, and one that does not answer is told', async () => {
    const host = await scripted(
      byPath({
        [`GET /nodes/${HOST}/storage`]: {
          data: [
            { storage: 'nas', content: 'images', active: 0 },
            { storage: 'slow', content: 'images', active: 1 },
          ],
        },
        [`GET /nodes/${HOST}/storage/slow/content`]: { status: 596, reason: 'Connection timed out' },
      }),
    )
    expect(await host.provider.listLeftovers(machine)).toEqual({ ok: true, value: { volumeIds: [], silent: ['slow'] } })
    expect(host.asked.some(({ path }) => path.includes('/nas/'))).toBe(false)
  })
})
