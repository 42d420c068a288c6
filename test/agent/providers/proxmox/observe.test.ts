import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMachine } from '#agent/operations/machine-create.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import { SEEN_TABLES } from '#core/model/seen.ts'
import { aCreation, FOREIGN_UUID, HOST, startProxmoxSite, type ProxmoxSite } from '#test/support/proxmox-site.ts'
import { handlerContext } from '#test/support/step-journal.ts'

let site: ProxmoxSite
beforeEach(async () => {
  site = await startProxmoxSite()
})
afterEach(() => site.close())

describe('observe', () => {
  test('sees the host, its storages and bridges, and guests that are not ours', async () => {
    const seen = await site.provider.observe()
    expect(seen).toEqual({
      ok: true,
      value: {
        hosts: [{ name: HOST, online: true, threads: 36, memoryMiB: 88 * 1024, version: '9.2.11' }],
        storages: expect.arrayContaining([
          expect.objectContaining({ host: HOST, name: 'local-zfs', content: ['images', 'rootdir'], active: true }),
          expect.objectContaining({ host: HOST, name: 'local', content: ['import', 'iso', 'vztmpl'], totalGiB: 100 }),
        ]),
        bridges: [{ host: HOST, name: 'vmbr0' }],
        guests: [
          expect.objectContaining({
            host: HOST,
            vmid: 100,
            name: 'truenas',
            uuid: FOREIGN_UUID,
            cpu: 6,
            memoryMiB: 32 * 1024,
            running: true,
          }),
        ],
      },
    })
    if (!seen.ok) return
    for (const table of ['hosts', 'storages', 'bridges', 'guests'] as const)
      for (const row of seen.value[table]) expect(SEEN_TABLES[table].parse(row)).toEqual(row)
  })

  test('tells at once that a machine runs, though the statistics of the host lag behind', async () => {
    await site.bringImage()
    await createMachine(site.deps)(aCreation(), handlerContext())
    site.host.refreshStatistics()
    const before = await site.provider.observe()
    await startMachine(site.deps)(aCreation(), handlerContext())
    const after = await site.provider.observe()
    const runs = (seen: typeof before) => seen.ok && seen.value.guests.find((guest) => guest.vmid === 2001)?.running
    expect([runs(before), runs(after)]).toEqual([false, true])
  })

  test('a host that is away is a problem, not an empty site', async () => {
    site.host.setOnline(false)
    expect(await site.provider.observe()).toMatchObject({ ok: false, error: { code: 'provider-unreachable' } })
  })
})
