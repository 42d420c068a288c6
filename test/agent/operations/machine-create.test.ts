import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ok } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import { createMachine } from '#agent/operations/machine-create.ts'
import { removeMachine } from '#agent/operations/machine-remove.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import { aHardware, aNicShape } from '#test/support/hardware.ts'
import { crashAfterEachEffect } from '#test/support/crash-after-each-effect.ts'
import { aCreation, aRemoval, startProxmoxSite, type ProxmoxSite } from '#test/support/proxmox-site.ts'
import { fastClock, handlerContext } from '#test/support/step-journal.ts'

let site: ProxmoxSite
const own = () => site.host.guests().filter((guest) => !guest.foreign)
const creations = () => site.host.tasks().filter((task) => task.upid.includes(':qmcreate:'))

beforeEach(async () => {
  site = await startProxmoxSite()
  await site.bringImage()
})
afterEach(() => site.close())

describe('machine.create', () => {
  test('makes one machine with its identity, its size and its tags, powered off', async () => {
    expect(await createMachine(site.deps)(aCreation(), handlerContext())).toEqual({ ok: true, value: { vmid: 2001 } })
    const sight = await site.provider.look(aCreation())
    expect(sight).toMatchObject({
      ok: true,
      value: {
        state: 'present',
        machine: {
          name: 'home-cp-1',
          running: false,
          cpu: 4,
          memoryMiB: 8192,
          diskGiB: 40,
          macs: ['02:54:41:00:00:01'],
          tags: ['lanline', 'lanline-home'],
        },
      },
    })
  })

  test('a creation that takes minutes is waited for, and is no failed attempt', async () => {
    let [now, polls] = [0, 0]
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        now += ms
        await fastClock.sleep(ms)
      },
    }
    const provider = {
      ...site.provider,
      pollTask: (handle: string) =>
        handle.includes(':qmcreate:') && ++polls < 60
          ? Promise.resolve({ ok: true, value: { state: 'running' } } as const)
          : site.provider.pollTask(handle),
    }
    expect(await createMachine({ ...site.deps, provider })(aCreation(), handlerContext({ clock }))).toMatchObject({
      ok: true,
    })
    expect(now).toBeGreaterThan(60_000)
    expect(creations()).toHaveLength(1)
  })

  test('[O16] two at a time write their disks to one storage, however many are under way', async () => {
    const writing = new Set<string>()
    let begun = 0
    let most = 0
    const provider: typeof site.provider = {
      ...site.provider,
      startCreation: async (machine) => {
        const started = await site.provider.startCreation(machine)
        if (started.ok) writing.add(started.value)
        begun += 1
        most = Math.max(most, writing.size)
        return started
      },
      pollTask: async (handle) => {
        const task = await site.provider.pollTask(handle)
        if (!task.ok || task.value.state !== 'done') return task
        // The first ends only beside a second, or how many there are at once would be a matter of speed.
        if (begun < 2) return ok({ state: 'running' })
        writing.delete(handle)
        return task
      },
    }
    const create = createMachine({ ...site.deps, provider })
    const made = await Promise.all(
      [1, 2, 3, 4, 5].map((index) =>
        create(
          aCreation({
            machineId: `6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f000${index}`,
            name: `home-cp-${index}`,
            vmid: 2000 + index,
            hardware: aHardware({ nics: [aNicShape({ mac: `02:54:41:00:00:0${index}` })] }),
          }),
          handlerContext(),
        ),
      ),
    )
    expect(made.every(({ ok }) => ok)).toBe(true)
    expect(most).toBe(2)
  })

  test('[O20] adopts a machine that is already there', async () => {
    await createMachine(site.deps)(aCreation(), handlerContext())
    expect(await createMachine(site.deps)(aCreation(), handlerContext())).toMatchObject({ ok: true })
    expect(creations()).toHaveLength(1)
  })

  test('[O20] adopts the creation whose answer was lost', async () => {
    site.host.faults.add({ method: 'POST', path: /\/qemu$/, effect: { kind: 'connection-lost', workHappens: true } })
    expect(await createMachine(site.deps)(aCreation(), handlerContext())).toMatchObject({ ok: true })
    expect(creations()).toHaveLength(1)
    expect(own()).toHaveLength(1)
  })

  test('[O20] repeats a creation that never began', async () => {
    site.host.faults.add({ method: 'POST', path: /\/qemu$/, effect: { kind: 'connection-lost', workHappens: false } })
    expect(await createMachine(site.deps)(aCreation(), handlerContext())).toMatchObject({ ok: true })
    expect(own()).toHaveLength(1)
  })

  test('[O20] looks after a relay gave up on a creation that went on', async () => {
    const effect = { kind: 'answer', status: 596, reason: 'Broken pipe', workHappens: true } as const
    site.host.faults.add({ method: 'POST', path: /\/qemu$/, effect })
    expect(await createMachine(site.deps)(aCreation(), handlerContext())).toMatchObject({ ok: true })
    expect(creations()).toHaveLength(1)
  })

  test('a machine that its host left half made waits for a person, and is not made a second time', async () => {
    site.host.faults.add({ method: 'POST', path: /\/qemu$/, effect: { kind: 'task-dies', afterMs: 100 } })
    const result = await createMachine(site.deps)(aCreation(), handlerContext())
    expect(result).toMatchObject({ ok: false, error: { code: 'not-ours', retry: 'never' } })
    expect(creations()).toHaveLength(1)
  })

  test('[pitfall 1] leaves a VMID alone that somebody else took', async () => {
    site.host.addForeignGuest({ vmid: 2001, name: 'windows', cores: 2, memoryMiB: 2048, running: true })
    const result = await createMachine(site.deps)(aCreation(), handlerContext())
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'vmid-taken', retry: 'never', facts: { name: 'windows' } },
    })
    expect(creations()).toHaveLength(0)
  })

  test('[pitfall 25] a storage that is locked by others is waited for, and one machine comes of it', async () => {
    const { pollTask } = site.provider
    let locked = 1
    const provider = {
      ...site.provider,
      pollTask: async (handle: string) => {
        const task = await pollTask(handle)
        if (!handle.includes(':qmcreate:') || !task.ok || task.value.state !== 'done' || locked-- <= 0) return task
        // As a host cleans up after a creation that could not get its storage.
        site.host.world.vms.remove(2001)
        return {
          ok: true,
          value: { state: 'failed', problem: problem('provider-busy', { lock: 'storage-local-zfs' }) },
        } as const
      },
    }
    expect(await createMachine({ ...site.deps, provider })(aCreation(), handlerContext())).toMatchObject({ ok: true })
    expect(own()).toHaveLength(1)
  })

  test('with DHCP there is no address to ask about, and none is told', async () => {
    const asked: string[] = []
    const findListener = (address: string) => Promise.resolve(void asked.push(address))
    const nics = [aNicShape({ addressCidr: undefined, gateway: undefined })]
    const input = aCreation({ addressing: 'dhcp', hardware: aHardware({ nics }) })
    const made = await createMachine({ ...site.deps, addresses: { findListener } })(input, handlerContext())
    expect([made, asked, own()[0]?.config.get('ipconfig0')]).toEqual([
      { ok: true, value: { vmid: 2001 } },
      [],
      'ip=dhcp',
    ])
  })

  test('makes nothing while somebody answers on the address', async () => {
    const deps = { ...site.deps, addresses: { findListener: () => Promise.resolve(22) } }
    const result = await createMachine(deps)(aCreation(), handlerContext())
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'address-in-use', facts: { address: '192.168.1.51', port: 22 } },
    })
    expect(own()).toHaveLength(0)
  })

  test('says that the image is missing, so that it is brought again', async () => {
    const result = await createMachine(site.deps)(aCreation({ talosVersion: 'v1.13.1' }), handlerContext())
    expect(result).toMatchObject({ ok: false, error: { code: 'image-unavailable', retry: 'later' } })
    expect(own()).toHaveLength(0)
  })

  test('stops before it makes anything when it was cancelled', async () => {
    const abort = new AbortController()
    abort.abort()
    const result = await createMachine(site.deps)(aCreation(), handlerContext({ signal: abort.signal }))
    expect(result).toMatchObject({ ok: false, error: { code: 'cancelled' } })
    expect(creations()).toHaveLength(0)
  })
})

describe('machine.start', () => {
  test('powers on once and leaves a running machine alone', async () => {
    await createMachine(site.deps)(aCreation(), handlerContext())
    expect(await startMachine(site.deps)(aCreation(), handlerContext())).toEqual({ ok: true, value: {} })
    expect(await startMachine(site.deps)(aCreation(), handlerContext())).toEqual({ ok: true, value: {} })
    expect(site.host.tasks().filter((task) => task.upid.includes(':qmstart:'))).toHaveLength(1)
  })

  test('[P7] does not start a guest that carries another identity', async () => {
    const result = await startMachine(site.deps)(aCreation({ vmid: 100 }), handlerContext())
    expect(result).toMatchObject({ ok: false, error: { code: 'not-ours' } })
  })
})

describe('killed once after every effect', () => {
  /** A world of its own for each death. */
  async function world(prepare: (fresh: ProxmoxSite) => Promise<void>) {
    const fresh = await startProxmoxSite()
    await fresh.bringImage()
    await prepare(fresh)
    return fresh
  }

  test('[O20] machine.create converges on exactly one machine', async () => {
    const report = await crashAfterEachEffect(createMachine, async () => {
      const fresh = await world(() => Promise.resolve())
      return {
        deps: fresh.deps,
        input: aCreation(),
        check(result) {
          expect(result).toEqual({ ok: true, value: { vmid: 2001 } })
          const guests = fresh.host.guests().filter((guest) => !guest.foreign)
          expect(guests.map((guest) => guest.config.get('smbios1'))).toEqual([`uuid=${aCreation().machineId}`])
          expect(guests[0]?.config.get('scsi0')).toContain('size=40G')
          expect(guests[0]?.config.get('tags')).toBe('lanline;lanline-home')
          expect(fresh.host.tasks().filter((task) => task.upid.includes(':qmcreate:'))).toHaveLength(1)
        },
        close: () => fresh.close(),
      }
    })
    expect(report.effects).toEqual(
      expect.arrayContaining(['intend', 'startCreation', 'rememberHandle', 'setTags', 'startResize', 'done']),
    )
  })

  test('machine.start converges on a running machine', async () => {
    const report = await crashAfterEachEffect(startMachine, async () => {
      const fresh = await world(async ({ deps }) => {
        await createMachine(deps)(aCreation(), handlerContext())
      })
      return {
        deps: fresh.deps,
        input: aCreation(),
        check(result) {
          expect(result).toEqual({ ok: true, value: {} })
          expect(fresh.host.guests().find((guest) => guest.vmid === 2001)?.running).toBeDefined()
        },
        close: () => fresh.close(),
      }
    })
    expect(report.effects).toContain('startPowerOn')
  })

  test('[P7] machine.remove converges on no machine, and nothing else is touched', async () => {
    const report = await crashAfterEachEffect(removeMachine, async () => {
      const fresh = await world(async ({ deps }) => {
        await createMachine(deps)(aCreation(), handlerContext())
        await startMachine(deps)(aCreation(), handlerContext())
      })
      return {
        deps: fresh.deps,
        input: aRemoval(),
        check(result) {
          expect(result).toEqual({ ok: true, value: { leftovers: [] } })
          expect(fresh.host.guests().map((guest) => guest.vmid)).toEqual([100])
        },
        close: () => fresh.close(),
      }
    })
    expect(report.effects).toEqual(expect.arrayContaining(['startPowerOff', 'startDestruction']))
  })
})
