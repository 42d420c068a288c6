import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureImage } from '#agent/operations/image-ensure.ts'
import type { ImageFound, UnusedImage } from '#agent/providers/provider.ts'
import { crashAfterEachEffect } from '#test/support/crash-after-each-effect.ts'
import { HOST, SCHEMATIC, startProxmoxSite, TALOS_VERSION, type ProxmoxSite } from '#test/support/proxmox-site.ts'
import { handlerContext } from '#test/support/step-journal.ts'

/** Files of versions and machines gone by are cleared away when a new image comes, and never anything else. */
const input = { host: HOST, imageStorage: 'local', talosVersion: TALOS_VERSION, extensions: [], schematicId: SCHEMATIC }
const DAY_MS = 86_400_000
const file = (fileName: string, days: number): UnusedImage => ({
  volumeId: `local:${fileName.endsWith('.iso') ? 'iso' : 'import'}/${fileName}`,
  fileName,
  sizeBytes: 1,
  createdAt: Date.now() - days * DAY_MS,
})
const OLD = file('talos-v1.12.0-cccccccc-nocloud-amd64.qcow2', 31)
const RECENT = file('talos-v1.12.1-cccccccc-nocloud-amd64.qcow2', 29)
const OLD_CD = file('lanline-6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0099-cidata.iso', 2)
const NEW_CD = file('lanline-6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0098-cidata.iso', 0)
const AGELESS = { ...OLD, createdAt: 0 }

let site: ProxmoxSite
beforeEach(async () => {
  site = await startProxmoxSite()
})
afterEach(() => site.close())

function sweeping(from: ProxmoxSite, unused: readonly UnusedImage[], refused = false) {
  const deleted: string[] = []
  const provider = {
    ...from.provider,
    listUnusedImages: () => Promise.resolve({ ok: true, value: unused } as const),
    deleteImage: async (host: string, { volumeId }: ImageFound) => {
      if (refused) return from.provider.deleteImage(host, { volumeId, sizeBytes: 0 })
      deleted.push(volumeId)
      return { ok: true, value: undefined } as const
    },
  }
  return { deleted, deps: { ...from.deps, provider } }
}

describe('what a new image drives out', () => {
  test('images a month old and CDs a day old, and nothing whose age cannot be told', async () => {
    const { deleted, deps } = sweeping(site, [OLD, RECENT, OLD_CD, NEW_CD, AGELESS])
    expect(await ensureImage(deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(deleted).toEqual([OLD.volumeId, OLD_CD.volumeId])
  })

  test('never the image that was asked for, however old', async () => {
    const own = file(`talos-${TALOS_VERSION}-${SCHEMATIC.slice(0, 8)}-nocloud-amd64.qcow2`, 400)
    const { deleted, deps } = sweeping(site, [own])
    await ensureImage(deps)(input, handlerContext())
    expect(deleted).toEqual([])
  })

  test('an image that is there already drives out nothing', async () => {
    await site.bringImage()
    const { deleted, deps } = sweeping(site, [OLD])
    expect(await ensureImage(deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(deleted).toEqual([])
  })

  test('without the right to delete, the image is there all the same', async () => {
    const { deps } = sweeping(site, [OLD], true)
    expect(await ensureImage(deps)(input, handlerContext())).toMatchObject({ ok: true })
  })

  test('killed after every effect it ends the same way', async () => {
    const report = await crashAfterEachEffect(ensureImage, async () => {
      const fresh = await startProxmoxSite()
      const { deps } = sweeping(fresh, [OLD])
      return {
        deps,
        input,
        check: (result) => expect(result).toMatchObject({ ok: true }),
        close: () => fresh.close(),
      }
    })
    expect(report.effects).toContain('deleteImage')
  })
})
