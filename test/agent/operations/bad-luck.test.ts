import { describe, expect, test } from 'vitest'
import type { Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import { createMachine } from '#agent/operations/machine-create.ts'
import { removeMachine } from '#agent/operations/machine-remove.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import type { FaultEffect } from '#lab/proxmox/faults.ts'
import { aHardware } from '#test/support/hardware.ts'
import { aCreation, aRemoval, startProxmoxSite } from '#test/support/proxmox-site.ts'
import { seededRandom, seeds } from '#test/support/random.ts'
import { handlerContext } from '#test/support/step-journal.ts'

/**
 * The life of one machine while calls fail at random, in every way a host was seen to fail and some it was not. Each
 * operation is tried as often as the planner would; a failure must never be one that a person is asked about, and in the
 * end there was one machine, and there is none. Nobody else's guest is touched.
 */
const SEEDS = seeds(16)
const FAULTS_EACH = 8
const ATTEMPTS = 8

const EFFECTS: readonly FaultEffect[] = [
  { kind: 'connection-lost', workHappens: true },
  { kind: 'connection-lost', workHappens: false },
  { kind: 'answer', status: 595, reason: 'No route to host' },
  { kind: 'answer', status: 596, reason: 'Connection timed out', workHappens: true },
  { kind: 'answer', status: 599, reason: 'Too many redirections' },
  { kind: 'answer', status: 502, reason: 'Bad Gateway' },
  { kind: 'answer', status: 503, reason: '' },
  { kind: 'answer', status: 200, reason: 'OK' },
  { kind: 'answer', status: 500, reason: 'got no worker upid - start worker failed' },
  { kind: 'answer', status: 500, reason: "cfs-lock 'storage-local-zfs' error: got lock request timeout" },
  { kind: 'answer', status: 500, reason: 'cluster not ready - no quorum?' },
  { kind: 'answer', status: 500, reason: "can't lock file '/var/lock/qemu-server/lock-2001.conf' - got timeout" },
  { kind: 'answer', status: 500, reason: 'something that nobody ever wrote down' },
  { kind: 'task-dies', afterMs: 30_000 },
]
const CALLS = [
  ['GET', /\/config$/],
  ['GET', /\/status\/current$/],
  ['GET', /\/tasks/],
  ['GET', /\/cluster\/resources$/],
  ['GET', /\/cluster\/nextid$/],
  ['GET', /./],
  ['POST', /\/qemu$/],
  ['POST', /\/status\/(start|stop)$/],
  ['PUT', /\/config$/],
  ['PUT', /\/resize$/],
  ['DELETE', /\/qemu\/2001$/],
] as const

describe('bad luck', () => {
  test.each(SEEDS)('[O20][P7] costs time and nothing else, seed %i', async (seed) => {
    const random = seededRandom(seed)
    const site = await startProxmoxSite(undefined, seed % 2 === 0 ? '8.4' : '9.2')
    try {
      await site.bringImage()
      const strike = (): void => {
        for (let n = 0; n < FAULTS_EACH; n++) {
          const [method, path] = random.pick(CALLS)
          const effect = random.pick(EFFECTS)
          // A worker that dies after its work is done dies unseen; one that dies in a read is none.
          if (effect.kind !== 'task-dies' || method !== 'GET') site.host.faults.add({ method, path, effect })
        }
      }
      const problems: Problem[] = []
      const untilDone = async <T>(run: () => Promise<Result<T, Problem>>): Promise<void> => {
        strike()
        for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
          const result = await run()
          if (result.ok) return
          problems.push(result.error)
          expect(result.error.retry, `seed ${seed}: ${JSON.stringify(result.error)}`).not.toBe('never')
        }
        throw new Error(`seed ${seed}: it did not end: ${JSON.stringify(problems.at(-1))}`)
      }
      const input = aCreation({ hardware: aHardware({ protection: true }) })
      await untilDone(() => createMachine(site.deps)(input, handlerContext()))
      await untilDone(() => startMachine(site.deps)(input, handlerContext()))
      const own = site.host.guests().filter((guest) => !guest.foreign)
      expect(own.map(({ config, running }) => [config.get('smbios1'), running !== undefined])).toEqual([
        [`uuid=${input.machineId}`, true],
      ])
      expect(own[0]?.config.get('scsi0')).toContain('size=40G')
      await untilDone(() => removeMachine(site.deps)(aRemoval(), handlerContext()))
      expect(site.host.guests().map(({ vmid, running }) => [vmid, running !== undefined])).toEqual([[100, true]])
      expect(site.host.volumes().filter(({ vmid }) => vmid === 2001)).toEqual([])
    } finally {
      await site.close()
    }
  })
})
