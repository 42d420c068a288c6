import { afterEach, expect, test } from 'vitest'
import type { OperationInput } from '#core/model/operation.ts'
import { createMachine } from '#agent/operations/machine-create.ts'
import { removeMachine } from '#agent/operations/machine-remove.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import {
  aCreation,
  aRemoval,
  SCHEMATIC,
  startProxmoxSite,
  TALOS_VERSION,
  type ProxmoxSite,
} from '#test/support/proxmox-site.ts'
import { handlerContext } from '#test/support/step-journal.ts'

/** Machines that are no nodes: what is on their disks is a volume that their owner names, or nothing. */
let site: ProxmoxSite
afterEach(() => site.close())

const IMAGE = `local:import/talos-${TALOS_VERSION}-${SCHEMATIC.slice(0, 8)}-nocloud-amd64.qcow2`
const guest = (boot: OperationInput<'machine.create'>['boot']) =>
  aCreation({ name: 'nas', clusterName: 'nas', talosVersion: '', schematicId: '', boot })

test.each([
  [{ by: 'volume', image: IMAGE }, 'order=scsi0', undefined],
  [{ by: 'volume' }, 'order=scsi0', undefined],
  [{ by: 'volume', iso: 'local:iso/nas.iso' }, 'order=scsi0;ide0', 'local:iso/nas.iso,media=cdrom'],
] as const)(
  '[P7] %j: made, started, and removed with its disks; the volume of its owner stays',
  async (boot, order, cd) => {
    site = await startProxmoxSite()
    await site.bringImage()
    const upload = await site.provider.startUpload(
      { host: 'prod-srv-01', storage: 'local', content: 'iso', fileName: 'nas.iso' },
      Buffer.from('an installer'),
    )
    expect(upload.ok).toBe(true)
    const before = () =>
      site.host
        .volumes()
        .map(({ volid }) => volid)
        .filter((volid) => !volid.includes('2001'))
    await expect.poll(before).toContain('local:iso/nas.iso')

    const input = guest(boot)
    expect(await createMachine(site.deps)(input, handlerContext())).toEqual({ ok: true, value: { vmid: 2001 } })
    const config = Object.fromEntries(site.host.guests().find(({ vmid }) => vmid === 2001)?.config ?? [])
    expect(config).toMatchObject({ boot: order, tags: 'lanline;lanline-nas' })
    expect(config['description']).toMatch(/^Made by lanline for itself\./)
    expect(config['scsi0']).toContain('size=40G')
    expect(config['ide0']?.startsWith(cd ?? '')).toBe(cd === undefined ? undefined : true)
    expect(await startMachine(site.deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(
      await removeMachine(site.deps)(aRemoval({ name: 'nas', role: 'worker', address: '', vip: '' }), handlerContext()),
    ).toEqual({
      ok: true,
      value: { leftovers: [] },
    })
    expect(
      site.host
        .volumes()
        .map(({ volid }) => volid)
        .toSorted(),
    ).toEqual([IMAGE, 'local:iso/nas.iso'].toSorted())
  },
)
