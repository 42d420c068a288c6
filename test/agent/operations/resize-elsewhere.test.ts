import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMachine } from '#agent/operations/machine-create.ts'
import { resizeMachine } from '#agent/operations/machine-resize.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import { newResource } from '#lab/proxmox/high-availability.ts'
import { lockConfig, findGuest } from '#lab/proxmox/behind-the-back.ts'
import { aDiskShape } from '#test/support/hardware.ts'
import { aCreation } from '#test/support/proxmox-site.ts'
import { aResize } from '#test/support/resizing.ts'
import { handlerContext } from '#test/support/step-journal.ts'
import { startProxmoxPair, type ProxmoxPair } from './proxmox-pair.ts'

/** A machine is changed wherever it is now, and whoever else decides about its power. */
let pair: ProxmoxPair
beforeEach(async () => {
  pair = await startProxmoxPair()
  await createMachine(pair.deps)(aCreation(), handlerContext())
  await startMachine(pair.deps)(aCreation(), handlerContext())
})
afterEach(() => pair.close())
const GROWN = { memoryMiB: 16_384, disks: [aDiskShape({ sizeGiB: 80 })] }
const resize = () => resizeMachine(pair.deps)(aResize(GROWN, { restart: 'always' }), handlerContext())
const guestOn = (host: number) => pair.hosts[host]!.guests().find(({ vmid }) => vmid === 2001)

test('[P21][pitfall 30] a machine that was moved has not drifted, and is changed on the host where it is', async () => {
  pair.move(2001)
  expect(await pair.deps.provider.findDrift(aResize())).toEqual({ ok: true, value: [] })
  expect(await resize()).toEqual({ ok: true, value: { restarted: true } })
  expect(guestOn(0)).toBeUndefined()
  expect(guestOn(1)?.config.get('memory')).toBe('16384')
  expect(guestOn(1)?.config.get('scsi0')).toContain('size=80G')
})

test('[pitfall 27] a machine that HA manages is restarted through HA, and is seen to run again', async () => {
  pair.hosts[0].cluster.ha.add(newResource('vm', 2001, 'started'))
  expect(await resize()).toEqual({ ok: true, value: { restarted: true } })
  expect(guestOn(0)?.config.get('memory')).toBe('16384')
  expect(guestOn(0)?.pending.size).toBe(0)
  expect(guestOn(0)?.running).toBeDefined()
})

test('[pitfall 24] a backup that runs is waited for, and nothing is half changed when it never ends', async () => {
  lockConfig(findGuest(pair.hosts[0].cluster, '2001')!, 'backup')
  const refused = await resize()
  expect(refused).toMatchObject({ ok: false, error: { retry: 'later' } })
  expect(guestOn(0)?.config.get('memory')).toBe('8192')
  lockConfig(findGuest(pair.hosts[0].cluster, '2001')!, null)
  expect(await resize()).toMatchObject({ ok: true })
})
