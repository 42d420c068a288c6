import { expect, test } from 'vitest'
import { createMachine } from '#agent/operations/machine-create.ts'
import { removeMachine } from '#agent/operations/machine-remove.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import { aCreation, aRemoval, startProxmoxSite } from '#test/support/proxmox-site.ts'
import { handlerContext } from '#test/support/step-journal.ts'

/**
 * Every writing call of a machine's life loses its answer once, in each way an answer can be lost. The handler must
 * find out by looking whether the work was done, and end where an undisturbed life ends.
 */
const VM = '/nodes/prod-srv-01/qemu/2001'
const CALLS = [
  { method: 'POST', at: '/nodes/prod-srv-01/qemu' },
  { method: 'PUT', at: `${VM}/config` },
  { method: 'PUT', at: `${VM}/resize` },
  { method: 'POST', at: `${VM}/status/start` },
  { method: 'POST', at: `${VM}/status/stop` },
  { method: 'DELETE', at: VM },
] as const

const LOSSES = [
  { kind: 'connection-lost', workHappens: true },
  { kind: 'connection-lost', workHappens: false },
  { kind: 'answer', status: 596, reason: 'Broken pipe', workHappens: true },
  { kind: 'answer', status: 500, reason: 'got no worker upid - start worker failed' },
] as const

test.each(CALLS.flatMap((call) => LOSSES.map((effect) => ({ ...call, effect }))))(
  '[O20] $method $at ends in $effect.kind (done: $effect.workHappens): one machine lives and goes',
  async ({ method, at, effect }) => {
    const site = await startProxmoxSite()
    try {
      await site.bringImage()
      site.host.faults.add({ method, path: new RegExp(`^${at}$`), effect })
      expect(await createMachine(site.deps)(aCreation(), handlerContext())).toMatchObject({ ok: true })
      expect(await startMachine(site.deps)(aCreation(), handlerContext())).toMatchObject({ ok: true })
      expect(site.host.guests().filter((guest) => !guest.foreign)).toHaveLength(1)
      expect(await site.provider.look(aCreation())).toMatchObject({
        value: { state: 'present', machine: { running: true, diskGiB: 40, tags: ['lanline', 'lanline-home'] } },
      })
      expect(await removeMachine(site.deps)(aRemoval(), handlerContext())).toEqual({
        ok: true,
        value: { leftovers: [] },
      })
      expect(site.host.guests().map((guest) => guest.vmid)).toEqual([100])
      // The fault has hit its call.
      expect(site.host.faults.take(method, at)).toBeUndefined()
    } finally {
      await site.close()
    }
  },
)
