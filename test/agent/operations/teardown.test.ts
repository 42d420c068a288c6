import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMachine } from '#agent/operations/machine-create.ts'
import { removeMachine } from '#agent/operations/machine-remove.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import { newResource } from '#lab/proxmox/high-availability.ts'
import { crashAfterEachEffect } from '#test/support/crash-after-each-effect.ts'
import { aHardware } from '#test/support/hardware.ts'
import { aCreation, aRemoval } from '#test/support/proxmox-site.ts'
import { handlerContext } from '#test/support/step-journal.ts'
import { OTHER_HOST, startProxmoxPair, type ProxmoxPair } from './proxmox-pair.ts'

/** A removal ends, whatever others do to the guest meanwhile: move it, lock it, protect it, or keep it running. */
let pair: ProxmoxPair
beforeEach(async () => {
  pair = await startProxmoxPair()
  const made = await createMachine(pair.deps)(aCreation(), handlerContext())
  if (!made.ok) throw new Error(JSON.stringify(made.error))
})
afterEach(() => pair.close())

const vmids = () => pair.hosts.flatMap((host) => host.guests().map(({ vmid }) => vmid))
const guest = () => pair.hosts.flatMap((host) => host.guests()).find(({ vmid }) => vmid === 2001)!
const disks = () => [...new Set(pair.hosts.flatMap((host) => host.volumes()))].filter(({ vmid }) => vmid === 2001)
const remove = () => removeMachine(pair.deps)(aRemoval(), handlerContext())
const DONE = { ok: true, value: { leftovers: [] } } as const

describe('the guest is somewhere else', () => {
  test('[pitfall 30] it was moved to another host: it is started, stopped and destroyed there', async () => {
    pair.move(2001)
    expect(await startMachine(pair.deps)(aCreation(), handlerContext())).toEqual({ ok: true, value: {} })
    expect(pair.hosts[1].guests()[0]?.running).toBeDefined()
    expect(await remove()).toEqual(DONE)
    expect([vmids(), disks()]).toEqual([[], []])
  })

  test.each([
    ['stop', { method: 'POST', path: /\/status\/stop$/ }],
    ['destruction', { method: 'DELETE', path: /\/qemu\/2001$/ }],
  ] as const)('[pitfall 30] it moves away just before its %s: it is followed', async (_, call) => {
    await startMachine(pair.deps)(aCreation(), handlerContext())
    const { startPowerOff, startDestruction } = pair.deps.provider
    let moved = false
    const once = async <T>(act: () => Promise<T>): Promise<T> => {
      if (!moved) pair.move(2001)
      moved = true
      return act()
    }
    const provider =
      call.method === 'POST'
        ? {
            ...pair.deps.provider,
            startPowerOff: (ref: Parameters<typeof startPowerOff>[0]) => once(() => startPowerOff(ref)),
          }
        : {
            ...pair.deps.provider,
            startDestruction: (ref: Parameters<typeof startDestruction>[0]) => once(() => startDestruction(ref)),
          }
    expect(await removeMachine({ ...pair.deps, provider })(aRemoval(), handlerContext())).toEqual(DONE)
    expect([moved, vmids(), disks()]).toEqual([true, [], []])
  })

  test('a cluster without its quorum keeps everything as it is; the removal ends once it is back', async () => {
    pair.move(2001)
    pair.hosts[0].setOnline(false)
    expect(await remove()).toMatchObject({
      ok: false,
      error: {
        code: 'deadline-passed',
        retry: 'later',
        cause: { facts: { reason: expect.stringMatching(/no quorum/) } },
      },
    })
    expect(vmids()).toEqual([2001])
    pair.hosts[0].setOnline(true)
    expect(await remove()).toEqual(DONE)
  })
})

describe('the availability manager has it', () => {
  const manage = () => pair.hosts[0].cluster.ha.add(newResource('vm', 2001, 'started'))

  test('[pitfall 27] a start is only queued with it: the machine is waited for', async () => {
    pair.hosts[0].cluster.ha.add(newResource('vm', 2001, 'stopped'))
    expect(await startMachine(pair.deps)(aCreation(), handlerContext())).toEqual({ ok: true, value: {} })
    expect(guest().running).toBeDefined()
  })

  test('[pitfall 38] without the right to release it, it is asked to stop it; both the guest and its entry go', async () => {
    await startMachine(pair.deps)(aCreation(), handlerContext())
    manage()
    expect(await remove()).toEqual(DONE)
    expect([vmids(), pair.hosts[0].cluster.ha.manages(2001)]).toEqual([[], false])
  })
})

describe('somebody stands in the way', () => {
  test('[pitfall 38] a protected machine of ours loses its protection when it is to go', async () => {
    guest().config.set('protection', '1')
    expect(await remove()).toEqual(DONE)
    expect(vmids()).toEqual([])
  })

  test('[pitfall 24] a backup holds its lock: it is waited for', async () => {
    guest().config.set('lock', 'backup')
    const { pollTask } = pair.deps.provider
    let refused = 0
    const provider = {
      ...pair.deps.provider,
      async pollTask(handle: string) {
        const task = await pollTask(handle)
        if (task.ok && task.value.state === 'failed' && ++refused === 2) guest().config.delete('lock')
        return task
      },
    }
    expect(await removeMachine({ ...pair.deps, provider })(aRemoval(), handlerContext())).toEqual(DONE)
    expect(refused).toBe(2)
  })

  test('[pitfall 39] a lock that nobody takes off is told with the command that does', async () => {
    guest().config.set('lock', 'migrate')
    expect(await remove()).toMatchObject({
      ok: false,
      error: {
        code: 'provider-busy',
        retry: 'later',
        facts: { lock: 'migrate', run: expect.stringContaining('qm unlock 2001') },
      },
    })
    expect(vmids()).toEqual([2001])
  })

  test('[pitfall 60] two guests with its identity are both left alone and both named', async () => {
    const uuid = aRemoval().machineId
    pair.hosts[1].addForeignGuest({
      vmid: 900,
      name: 'restored',
      cores: 2,
      memoryMiB: 2048,
      running: false,
      uuid,
    })
    for (const host of pair.hosts) host.refreshStatistics()
    for (const act of [remove, () => startMachine(pair.deps)(aCreation(), handlerContext())])
      expect(await act()).toMatchObject({
        ok: false,
        error: {
          code: 'not-ours',
          retry: 'never',
          facts: { guests: [expect.stringContaining('2001 home-cp-1'), `${OTHER_HOST}/900 restored`] },
        },
      })
    expect(vmids()).toEqual([2001, 900])
  })
})

describe('what it leaves behind', () => {
  // Only who may delete volumes is shown those of a guest that is gone.
  beforeEach(() => void pair.hosts[0].cluster.access.roles.get('LanlineDisk')?.add('Datastore.Allocate'))

  test('[P7] a disk under its VMID that was never its own is told and left', async () => {
    const storage = pair.hosts[0].world.storages.get('local-zfs')
    const [own] = disks()
    const volid = 'local-zfs:2001/vm-2001-disk-77.raw'
    storage.volumes.set(volid, { ...own!, volid })
    expect(await remove()).toEqual({ ok: true, value: { leftovers: [`volume ${volid}`] } })
    expect(disks().map((disk) => disk.volid)).toEqual([volid])
  })

  test('[pitfall 37] a detached disk of its own goes with it', async () => {
    const own = disks().find(({ volid }) => volid.includes('disk'))!
    const volid = own.volid.replace(/disk-\d+/, 'disk-9')
    pair.hosts[0].world.storages.get('local-zfs').volumes.set(volid, { ...own, volid })
    guest().config.set('unused0', volid)
    expect(await remove()).toEqual(DONE)
    expect(disks()).toEqual([])
  })
})

test('a machine that was protected on purpose by its class is created, kept, and removed when it is to go', async () => {
  expect(await remove()).toEqual(DONE)
  const input = aCreation({ hardware: aHardware({ protection: true }) })
  expect(await createMachine(pair.deps)(input, handlerContext())).toMatchObject({ ok: true })
  expect(guest().config.get('protection')).toBe('1')
  expect(await remove()).toEqual(DONE)
})

test('[O20] killed after every effect, a protected machine that HA has is gone once and leaves nothing', async () => {
  const report = await crashAfterEachEffect(removeMachine, async () => {
    const fresh = await startProxmoxPair()
    await createMachine(fresh.deps)(aCreation({ hardware: aHardware({ protection: true }) }), handlerContext())
    await startMachine(fresh.deps)(aCreation(), handlerContext())
    fresh.hosts[0].cluster.ha.add(newResource('vm', 2001, 'started'))
    return {
      deps: fresh.deps,
      input: aRemoval(),
      check(result) {
        expect(result).toEqual(DONE)
        expect(fresh.hosts.flatMap((host) => host.guests())).toEqual([])
        expect(fresh.hosts[0].cluster.ha.manages(2001)).toBe(false)
      },
      close: () => fresh.close(),
    }
  })
  expect(report.effects).toEqual(
    expect.arrayContaining(['releaseFromHa', 'startPowerOff', 'setProtection', 'startDestruction']),
  )
})
