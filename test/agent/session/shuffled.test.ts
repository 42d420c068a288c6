import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { err, ok } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import type { Down } from '#core/protocol/down.ts'
import type { Up } from '#core/protocol/up.ts'
import { realClock } from '#agent/clock.ts'
import { noBoundary } from '#agent/crash-points.ts'
import type { Journal } from '#agent/journal/journal.ts'
import { createLogger } from '#agent/log.ts'
import { createRunner, type Runner } from '#agent/run/runner.ts'
import { startSession, type Session } from '#agent/session/session.ts'
import { handlersThat } from '../run/handlers-that.ts'
import { aJournal, anOffer, aStateDir, CLUSTER } from '../journal/journal-at.ts'
import { aSocketPair, down, type SocketPair } from './socket-pair.ts'

/**
 * An agent and a cloud that remember, and between them a network that loses, doubles, delays and reorders frames, cuts
 * the connection, and restarts the agent. Whatever it does, in the end each operation has had its effect once.
 */
const OPERATIONS = [1, 2, 3, 4, 5, 6].map((number) => anOffer(number).operationId)
const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1)
const CHAOS_STEPS = 80

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

/** The cloud's half, as small as the rules allow: a mailbox and a table of outcomes. */
function aCloud() {
  let epoch = 0
  const mail = new Map<string, 'queued' | 'accepted' | 'done'>(OPERATIONS.map((id) => [id, 'queued']))
  const queue: Down[] = []
  const offer = (operationId: string): void => {
    queue.push({ type: 'op.offer', ...anOffer(), operationId, sessionEpoch: epoch, input: anOffer().input })
  }
  return {
    mail,
    queue,
    hear(message: Up): void {
      switch (message.type) {
        case 'hello':
          epoch += 1
          queue.push({ type: 'welcome', protocol: 1, sessionEpoch: epoch, serverTimeMs: 1 })
          return
        case 'ops.snapshot': {
          const known = new Set(message.operations.map(({ operationId }) => operationId))
          const finished = message.operations.filter(({ state }) => state === 'finished')
          // Accepted, and yet not in the table: the journal lost it, or its acceptance never happened.
          for (const [id, state] of mail) if (state === 'accepted' && !known.has(id)) mail.set(id, 'queued')
          queue.push({
            type: 'ops.diff',
            cancel: [],
            forget: [],
            resend: finished.map(({ operationId }) => operationId),
          })
          for (const [id, state] of mail) if (state === 'queued') offer(id)
          return
        }
        case 'op.accept':
          if (mail.get(message.operationId) === 'queued') mail.set(message.operationId, 'accepted')
          return
        case 'op.result':
          mail.set(message.operationId, 'done')
          queue.push({ type: 'op.ack', operationId: message.operationId, attempt: message.attempt })
          return
        default:
      }
    },
  }
}

function anAgent(stateDir: string, effects: Map<string, number>) {
  let journal: Journal
  let runner: Runner
  let session: Session | undefined
  let pair: SocketPair = aSocketPair()

  function boot(): void {
    journal = aJournal(stateDir)
    runner = createRunner({
      journal,
      clock: realClock,
      log: createLogger('error', 'silent'),
      onProgress: () => undefined,
      onFinished: (operationId) => session?.report(operationId),
      handlers: handlersThat({
        'machine.start': async (_input, { operationId, steps, signal }) => {
          await turn()
          if (signal.aborted) return err(problem('cancelled'))
          const { before } = steps.intend('effect', 'keyed-create')
          // A second life looks before it acts, as every handler does.
          if (before === 'never' || !effects.has(operationId))
            effects.set(operationId, (effects.get(operationId) ?? 0) + 1)
          await turn()
          if (signal.aborted) return err(problem('cancelled'))
          steps.done('effect')
          return ok({})
        },
      }),
    })
    runner.resume()
  }

  boot()
  return {
    up: () => pair.up,
    session: () => session,
    unacknowledged: () => journal.operations.unacknowledged().length,
    connect(): void {
      session?.closed()
      pair = aSocketPair()
      session = startSession(pair.socket, {
        journal,
        siteUid: CLUSTER,
        agentVersion: '0.1.0',
        log: createLogger('error', 'silent'),
        boundary: noBoundary,
        begin: runner.begin,
        cancel: runner.cancel,
        onReady: () => undefined,
        onWatch: () => undefined,
        onSecrets: () => undefined,
      })
    },
    async restart(): Promise<void> {
      session?.closed()
      session = undefined
      pair = aSocketPair()
      await runner.stop(1_000)
      journal.close()
      boot()
    },
    async end(): Promise<void> {
      session?.closed()
      await runner.stop(1_000)
      journal.close()
    },
  }
}

describe('any network', () => {
  test.each(SEEDS)('[S21] [O12] each operation has its effect once and its outcome arrives, seed %i', async (seed) => {
    const random = randomFrom(seed)
    const effects = new Map<string, number>()
    const cloud = aCloud()
    const agent = anAgent(aStateDir(), effects)
    const reconnect = (): void => {
      // What was on its way is lost with the connection.
      cloud.queue.length = 0
      agent.connect()
    }
    const take = <T>(queue: T[], reorder: boolean): T | undefined =>
      queue.splice(reorder ? Math.floor(random() * queue.length) : 0, 1)[0]

    reconnect()
    for (let step = 0; step < CHAOS_STEPS; step++) {
      const dice = random()
      if (dice < 0.03) await agent.restart()
      else if (dice < 0.08 || !agent.session()) reconnect()
      else if (dice < 0.12) take(agent.up(), true)
      else if (dice < 0.16) take(cloud.queue, true)
      else if (dice < 0.55) {
        const message = take(agent.up(), random() < 0.2)
        if (message) cloud.hear(message)
        if (message && random() < 0.1) cloud.hear(message)
      } else {
        const message = take(cloud.queue, random() < 0.2)
        if (message) agent.session()?.frame(down(message))
        if (message && random() < 0.1) agent.session()?.frame(down(message))
      }
      if (random() < 0.5) await turn()
    }

    // Then the network is kind for as long as it takes, and connects as often as it must.
    for (let connection = 0; connection < 5; connection++) {
      reconnect()
      for (let round = 0; round < 200; round++) {
        for (let message = agent.up().shift(); message; message = agent.up().shift()) cloud.hear(message)
        for (let message = cloud.queue.shift(); message; message = cloud.queue.shift())
          agent.session()?.frame(down(message))
        if (agent.unacknowledged() === 0 && [...cloud.mail.values()].every((state) => state === 'done')) break
        await turn()
      }
    }
    expect([...cloud.mail]).toEqual(OPERATIONS.map((id) => [id, 'done']))
    expect(new Map(effects)).toEqual(new Map(OPERATIONS.map((id) => [id, 1])))
    expect(agent.unacknowledged()).toBe(0)
    await agent.end()
  })
})
