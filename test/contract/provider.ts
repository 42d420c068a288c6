import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clock } from '#core/base/clock.ts'
import type { Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import { SEEN_TABLES } from '#core/model/seen.ts'
import type { MachineFound, NewMachine, Provider, TaskHandle } from '#agent/providers/provider.ts'

/**
 * What every provider promises, one life of one machine long. The lab passes it always, real hardware when asked; each
 * test goes on where the one before it ended.
 */
export interface ProviderUnderContract {
  readonly provider: Provider
  /** A machine that does not exist, with an image that does; its VMID is free. */
  readonly machine: NewMachine
  readonly clock: Clock
  close(): Promise<void>
}

/** A create on slow disks; polled every second of the provider's clock. */
const MAX_POLLS = 600

export function providerContract(name: string, open: () => Promise<ProviderUnderContract>): void {
  describe(`the contract of a provider: ${name}`, () => {
    let site: ProviderUnderContract
    beforeAll(async () => {
      site = await open()
    })
    afterAll(() => site.close())

    async function ended(start: Promise<Result<TaskHandle | undefined, Problem>>): Promise<'done' | Problem> {
      const started = await start
      if (!started.ok) return started.error
      for (let poll = 0; started.value !== undefined && poll < MAX_POLLS; poll++) {
        const task = await site.provider.pollTask(started.value)
        if (!task.ok) return task.error
        if (task.value.state === 'failed') return task.value.problem
        if (task.value.state === 'done') return 'done'
        await site.clock.sleep(1_000)
      }
      return 'done'
    }
    async function found(): Promise<MachineFound> {
      const sight = await site.provider.look(site.machine)
      if (!sight.ok || sight.value.state !== 'present') throw new Error(`not present: ${JSON.stringify(sight)}`)
      return sight.value.machine
    }

    test('tells what there is in the words of site.seen', async () => {
      const seen = await site.provider.observe()
      expect(seen).toMatchObject({ ok: true })
      if (!seen.ok) return
      for (const table of ['hosts', 'storages', 'bridges', 'guests'] as const)
        for (const row of seen.value[table]) expect(SEEN_TABLES[table].safeParse(row)).toMatchObject({ success: true })
      expect(seen.value.hosts.map((host) => host.name)).toContain(site.machine.host)
    })

    test('a machine that does not exist is proven absent, and acting on it does nothing', async () => {
      expect(await site.provider.look(site.machine)).toEqual({ ok: true, value: { state: 'absent' } })
      expect(await site.provider.startPowerOff(site.machine)).toEqual({ ok: true, value: undefined })
      expect(await site.provider.startDestruction(site.machine)).toEqual({ ok: true, value: undefined })
      expect(await site.provider.startPowerOn(site.machine)).toMatchObject({ ok: false, error: { code: 'not-found' } })
    })

    test('a creation can be found by whoever lost its handle, until it ends', async () => {
      const started = await site.provider.startCreation(site.machine)
      expect(started).toMatchObject({ ok: true })
      const running = await site.provider.findRunningCreation(site.machine)
      expect(running.ok && [started.ok && started.value, undefined]).toContain(running.ok && running.value)
      expect(await ended(Promise.resolve(started))).toBe('done')
      expect(await site.provider.findRunningCreation(site.machine)).toEqual({ ok: true, value: undefined })
    })

    test('[P6] the same VMID is not given twice', async () => {
      const second = { ...site.machine, machineId: '00000000-0000-4000-8000-000000000002' }
      expect(await ended(site.provider.startCreation(second))).toMatchObject({ code: 'vmid-taken' })
      expect(await site.provider.look(second)).toMatchObject({ ok: true, value: { state: 'foreign' } })
    })

    test('the machine is as it was asked for, and off', async () => {
      const { machine } = site
      expect(await found()).toMatchObject({
        machineId: machine.machineId,
        name: machine.name,
        running: false,
        cpu: machine.hardware.cpu,
        memoryMiB: machine.hardware.memoryMiB,
        macs: machine.hardware.nics.map((nic) => nic.mac),
      })
    })

    test('tags and size are absolute, so setting them twice is setting them once', async () => {
      for (let time = 0; time < 2; time++) {
        expect(await site.provider.setTags(await found(), ['b-tag', 'a-tag'])).toMatchObject({ ok: true })
        expect(await ended(site.provider.startResize(await found(), 20))).toBe('done')
      }
      expect(await found()).toMatchObject({ tags: ['a-tag', 'b-tag'], diskGiB: 20 })
    })

    test('[P7] nothing is done to a guest whose identity is another', async () => {
      const other = { ...site.machine, machineId: '00000000-0000-4000-8000-000000000002' }
      const otherMac = { ...site.machine, mac: '02:00:00:00:00:02' }
      for (const ref of [other, otherMac])
        for (const act of ['startPowerOff', 'startDestruction'] as const)
          expect(await site.provider[act](ref)).toMatchObject({ ok: false, error: { code: 'not-ours' } })
      expect(await found()).toMatchObject({ running: false })
    })

    test('protection can be set and taken away again, and both repeated', async () => {
      for (const on of [true, true, false, false]) {
        expect(await site.provider.setProtection(await found(), on)).toMatchObject({ ok: true })
        expect(await found()).toMatchObject({ protected: on })
      }
    })

    test('power on and off, each harmless when repeated', async () => {
      for (let time = 0; time < 2; time++) expect(await ended(site.provider.startPowerOn(site.machine))).toBe('done')
      expect(await found()).toMatchObject({ running: true })
      for (let time = 0; time < 2; time++) expect(await ended(site.provider.startPowerOff(site.machine))).toBe('done')
      expect(await found()).toMatchObject({ running: false })
    })

    test('a change of memory waits while it runs, a disk grows at once, and once it was off all is as it should be', async () => {
      const { provider, machine } = site
      const { hardware } = machine
      const [system, ...others] = hardware.disks
      const larger = {
        ...machine,
        hardware: {
          ...hardware,
          memoryMiB: hardware.memoryMiB + 1024,
          disks: [{ ...system!, sizeGiB: 24 }, ...others],
        },
      }
      const waiting = async () => {
        const drift = await provider.findDrift(larger)
        if (!drift.ok) throw new Error(JSON.stringify(drift.error))
        return drift.value
          .filter(({ attribute }) => attribute !== 'tags')
          .map(({ attribute, waits }) => [attribute, waits])
      }
      expect(await ended(provider.startPowerOn(machine))).toBe('done')
      for (let time = 0; time < 2; time++) {
        expect(await ended(provider.startChange(larger))).toBe('done')
        expect(await ended(provider.startGrowth(larger, system!.name))).toBe('done')
      }
      expect(await found()).toMatchObject({ diskGiB: 24 })
      expect(await waiting()).toEqual([['memory-mib', true]])
      for (let time = 0; time < 2; time++) expect(await ended(provider.startShutdown(machine))).toBe('done')
      expect(await found()).toMatchObject({ running: false })
      expect(await ended(provider.startPowerOn(machine))).toBe('done')
      expect(await waiting()).toEqual([])
      const work = await provider.listEndedWork()
      expect(work.ok && work.value.some(({ vmid }) => vmid === machine.vmid)).toBe(true)
      expect(await ended(provider.startPowerOff(machine))).toBe('done')
    })

    test('destroyed, it is absent and leaves no volume', async () => {
      expect(await ended(site.provider.startDestruction(site.machine))).toBe('done')
      expect(await site.provider.look(site.machine)).toEqual({ ok: true, value: { state: 'absent' } })
      expect(await site.provider.listLeftovers(site.machine)).toEqual({
        ok: true,
        value: { volumeIds: [], silent: [] },
      })
    })
  })
}
