import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureImage } from '#agent/operations/image-ensure.ts'
import { crashAfterEachEffect } from '#test/support/crash-after-each-effect.ts'
import { HOST, SCHEMATIC, startProxmoxSite, TALOS_VERSION, type ProxmoxSite } from '#test/support/proxmox-site.ts'
import { handlerContext } from '#test/support/step-journal.ts'

const input = { host: HOST, imageStorage: 'local', talosVersion: TALOS_VERSION, extensions: [], schematicId: SCHEMATIC }
const volumeId = `local:import/talos-${TALOS_VERSION}-${SCHEMATIC.slice(0, 8)}-nocloud-amd64.qcow2`

let site: ProxmoxSite
beforeEach(async () => {
  site = await startProxmoxSite()
})
afterEach(() => site.close())
const downloads = () => site.host.tasks().filter((task) => task.upid.includes(':download:')).length

describe('image.ensure', () => {
  test('brings the image once; a second time it is there', async () => {
    expect(await ensureImage(site.deps)(input, handlerContext())).toEqual({ ok: true, value: { volumeId } })
    expect(await ensureImage(site.deps)(input, handlerContext())).toEqual({ ok: true, value: { volumeId } })
    expect(downloads()).toBe(1)
  })

  test('waits for a download that another operation began', async () => {
    const both = [1, 2].map(() => ensureImage(site.deps)(input, handlerContext()))
    expect(await Promise.all(both)).toEqual(Array(2).fill({ ok: true, value: { volumeId } }))
  })

  test('adopts the download whose answer was lost', async () => {
    const effect = { kind: 'connection-lost', workHappens: true } as const
    site.host.faults.add({ method: 'POST', path: /\/download-url$/, effect })
    expect(await ensureImage(site.deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(site.host.volumes().map((volume) => volume.volid)).toEqual([volumeId])
  })

  test('an image that the factory does not have is told as such', async () => {
    const result = await ensureImage(site.deps)({ ...input, talosVersion: 'v1.13.99' }, handlerContext())
    expect(result).toMatchObject({ ok: false, error: { code: 'image-unavailable', retry: 'later' } })
  })

  test('a storage that takes no images is named', async () => {
    const result = await ensureImage(site.deps)({ ...input, imageStorage: 'local-zfs' }, handlerContext())
    expect(result).toMatchObject({ ok: false, error: { retry: expect.not.stringMatching('look-again') } })
    expect(downloads()).toBe(0)
  })

  test('extensions that do not give the schematic are refused before anything is fetched', async () => {
    const result = await ensureImage(site.deps)({ ...input, extensions: ['qemu-guest-agent'] }, handlerContext())
    expect(result).toMatchObject({ ok: false, error: { code: 'image-unavailable' } })
    expect(downloads()).toBe(0)
  })

  test('killed after every effect it converges on one image', async () => {
    const report = await crashAfterEachEffect(ensureImage, async () => {
      const fresh = await startProxmoxSite()
      return {
        deps: fresh.deps,
        input,
        check(result) {
          expect(result).toEqual({ ok: true, value: { volumeId } })
          expect(fresh.host.volumes().map((volume) => volume.volid)).toEqual([volumeId])
        },
        close: () => fresh.close(),
      }
    })
    expect(report.effects).toContain('startDownload')
  })
})
