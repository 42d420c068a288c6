import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ok } from '#core/base/result.ts'
import type { Down } from '#core/protocol/down.ts'
import { Up } from '#core/protocol/up.ts'
import { realClock } from '#agent/clock.ts'
import { createBoundary, type Boundary } from '#agent/crash-points.ts'
import { openJournal } from '#agent/journal/open-journal.ts'
import { createLogger } from '#agent/log.ts'
import { createRunner } from '#agent/run/runner.ts'
import { startSession, type Session } from '#agent/session/session.ts'
import { handlersThat } from './handlers-that.ts'

/**
 * One life of an agent with one operation, against a cloud and a world that are files and so outlive it. Ends with 0
 * once the cloud has the outcome and the agent knows that. Run as a program it kills itself at `CRASH_AT`.
 */
export const CLUSTER = '0123456789abcdefghjk'
const OPERATION = `${CLUSTER}-1`
const LIFE_MS = 10_000

type Cloud = { epoch: number; mail: 'queued' | 'accepted' | 'done' }

export function readWorld(dir: string): { readonly cloud: Cloud; readonly effects: readonly string[] } {
  const cloudFile = join(dir, 'cloud.json')
  const effectFile = join(dir, 'effects')
  return {
    cloud: existsSync(cloudFile) ? JSON.parse(readFileSync(cloudFile, 'utf8')) : { epoch: 0, mail: 'queued' },
    effects: existsSync(effectFile) ? readFileSync(effectFile, 'utf8').trim().split('\n') : [],
  }
}

export async function liveOnce(dir: string, boundary: Boundary): Promise<'confirmed' | 'gave up'> {
  const { cloud } = readWorld(dir)
  const save = (): void => writeFileSync(join(dir, 'cloud.json'), JSON.stringify(cloud))
  const opened = openJournal(dir, { now: Date.now, boundary })
  if (!opened.ok) throw new Error(opened.error.text)
  const journal = opened.value
  let session: Session | undefined

  const runner = createRunner({
    journal,
    clock: realClock,
    log: createLogger('error', 'silent'),
    onProgress: () => undefined,
    onFinished: (operationId) => session?.report(operationId),
    handlers: handlersThat({
      'machine.start': async (_input, { steps }) => {
        const { before } = steps.intend('start', 'keyed-create')
        // Unknown outcome: the world is asked, the effect is not repeated blindly.
        if (before === 'never' || readWorld(dir).effects.length === 0) appendFileSync(join(dir, 'effects'), 'started\n')
        steps.rememberHandle('start', 'UPID:1')
        await wait(1)
        steps.done('start')
        return ok({})
      },
    }),
  })

  const say = (message: Down): void => {
    setImmediate(() => session?.frame(JSON.stringify(message)))
  }
  const hear = (message: Up): void => {
    if (message.type === 'hello') {
      cloud.epoch += 1
      say({ type: 'welcome', protocol: 1, sessionEpoch: cloud.epoch, serverTimeMs: 1 })
    }
    if (message.type === 'ops.snapshot') {
      const known = message.operations.find(({ operationId }) => operationId === OPERATION)
      if (cloud.mail === 'accepted' && !known) cloud.mail = 'queued'
      const resend = known?.state === 'finished' ? [OPERATION] : []
      say({ type: 'ops.diff', cancel: [], forget: [], resend })
      if (cloud.mail === 'queued')
        say({
          type: 'op.offer',
          operationId: OPERATION,
          kind: 'machine.start',
          clusterUid: CLUSTER,
          clusterFence: 1,
          sessionEpoch: cloud.epoch,
          attempt: 1,
          deadlineMs: 60_000,
          input: { machineId: '3f2b8c1e-5f0a-4b7d-9c3e-0a1b2c3d4e5f', name: 'cp-1', host: 'pve', vmid: 5000 },
        })
    }
    if (message.type === 'op.accept' && cloud.mail === 'queued') cloud.mail = 'accepted'
    if (message.type === 'op.result') {
      cloud.mail = 'done'
      say({ type: 'op.ack', operationId: OPERATION, attempt: message.attempt })
    }
    save()
  }

  runner.resume()
  session = startSession(
    {
      send: (frame) => hear(Up.parse(JSON.parse(frame))),
      close: () => undefined,
      terminate: () => undefined,
      queuedBytes: () => 0,
    },
    {
      journal,
      siteUid: CLUSTER,
      agentVersion: '0.1.0',
      log: createLogger('error', 'silent'),
      boundary,
      begin: runner.begin,
      cancel: runner.cancel,
      onReady: () => undefined,
      onWatch: () => undefined,
      onSecrets: () => undefined,
    },
  )

  const deadline = Date.now() + LIFE_MS
  while (Date.now() < deadline) {
    if (cloud.mail === 'done' && journal.operations.unacknowledged().length === 0) break
    await wait(2)
  }
  const confirmed = cloud.mail === 'done' && journal.operations.unacknowledged().length === 0
  session.closed()
  await runner.stop(1_000)
  journal.close()
  return confirmed ? 'confirmed' : 'gave up'
}

if (process.argv[1] === import.meta.filename) {
  const ended = await liveOnce(process.argv[2] ?? '', createBoundary(process.env['CRASH_AT']))
  process.exit(ended === 'confirmed' ? 0 : 1)
}
