import type { Clock } from '#core/base/clock.ts'
import type { Boundary } from '../crash-points.ts'
import type { Journal, JournalledOperation } from '../journal/journal.ts'
import type { Logger } from '../log.ts'
import { createObserver, type Observer, type ObserverDeps } from '../observe/observer.ts'
import { createSecretsRecall, type SecretsRecall } from '../session/recall-secrets.ts'
import { startSession } from '../session/session.ts'
import type { Dial } from '../session/socket.ts'
import { stayConnected, type Link, type LinkState } from '../session/stay-connected.ts'
import type { Vault } from '../vault/vault.ts'
import type { Handlers } from './perform.ts'
import { createRunner, type Runner } from './runner.ts'

/** The agent's parts put together: what one hears, another does, and a third tells. No part knows more than its ports. */
export interface Agent {
  readonly link: Link
  readonly runner: Runner
  readonly observer: Observer
  /** Ends current steps, says goodbye; returns within about `withinMs`. */
  stop(withinMs: number): Promise<void>
}

export interface AgentDeps {
  readonly journal: Journal
  /** Made here, because handlers may ask the cloud for what this agent does not have. */
  readonly handlers: (recall: SecretsRecall['recall']) => Handlers
  readonly vault: Vault
  readonly clock: Clock
  readonly log: Logger
  readonly boundary: Boundary
  readonly siteUid: string
  readonly agentVersion: string
  readonly dial: Dial
  readonly random: () => number
  readonly onServerTime: (serverTimeMs: number) => void
  readonly onState: (state: LinkState) => void
  readonly look: Pick<ObserverDeps, 'inventory' | 'talosEye' | 'nodeEye' | 'findDrift' | 'listEndedWork'>
  readonly onLane?: ((nonce: string) => void) | undefined
}

/** An effect is looked at before its result is told; a subject that does not answer in this time is told about later. */
const LOOK_BEFORE_RESULT_MS = 3_000
/** The next operation usually follows within a second: until then the site still counts as busy. */
const BUSY_AFTER_MS = 10_000

export function startAgent(deps: AgentDeps): Agent {
  const { journal, log, vault } = deps
  let lastFinishedAt = -Infinity

  const secrets = createSecretsRecall(() => link.session())
  const runner = createRunner({
    journal,
    handlers: deps.handlers(secrets.recall),
    clock: deps.clock,
    log,
    onProgress: (operation, step, percent) => link.session()?.tellProgress(operation, step, percent),
    onFinished: (operationId) => {
      lastFinishedAt = deps.clock.now()
      void tellResult(operationId)
    },
  })
  const observer = createObserver({
    clock: deps.clock,
    log,
    machines: journal.machines,
    made: journal.made,
    watches: journal.watches.all(),
    busy: () => runner.runningCount() > 0 || deps.clock.now() - lastFinishedAt < BUSY_AFTER_MS,
    ...deps.look,
  })

  async function tellResult(operationId: string): Promise<void> {
    const operation = journal.operations.find(operationId)
    const subjects = operation && subjectsOf(operation)
    if (subjects && link.session()) await observer.lookNow(subjects, LOOK_BEFORE_RESULT_MS)
    link.session()?.report(operationId)
  }

  async function keepSecrets(clusterUid: string, version: number, ciphertext: string | undefined): Promise<void> {
    if (ciphertext !== undefined) {
      const adopted = await vault.adopt(clusterUid, version, ciphertext)
      if (!adopted.ok) log.error({ event: 'secrets.refused', clusterId: clusterUid, problem: adopted.error })
    }
    secrets.answered(clusterUid, version, ciphertext)
  }

  const link = stayConnected({
    dial: deps.dial,
    log,
    random: deps.random,
    onServerTime: deps.onServerTime,
    onState: (state) => {
      if (state.link !== 'connected') observer.disconnected()
      deps.onState(state)
    },
    start: (socket) =>
      startSession(socket, {
        journal,
        log,
        boundary: deps.boundary,
        siteUid: deps.siteUid,
        agentVersion: deps.agentVersion,
        begin: runner.begin,
        cancel: runner.cancel,
        onReady: (session) => {
          log.info({ event: 'session.ready', epoch: session.epoch() })
          secrets.connected(session)
          observer.connected(session.send)
        },
        onWatch: observer.watch,
        onLane: deps.onLane,
        onSecrets: (clusterUid, version, ciphertext) => void keepSecrets(clusterUid, version, ciphertext),
      }),
  })

  // What was running when the process ended goes on, whether the cloud can be reached or not.
  runner.resume()
  return {
    link,
    runner,
    observer,
    async stop(withinMs) {
      observer.disconnected()
      await runner.stop(withinMs)
      observer.stop()
      await link.stop('the agent is stopping')
    },
  }
}

/** What to look at before the result is told; undefined when the effect is in the result itself. */
function subjectsOf({ kind, input, clusterUid }: JournalledOperation): readonly string[] | undefined {
  switch (kind) {
    case 'secrets.create':
    case 'image.ensure':
      return undefined
    case 'machine.create':
    case 'machine.start':
      return []
    case 'cluster.check':
      return [clusterUid]
    case 'machine.resize':
    case 'machine.configure':
    case 'etcd.bootstrap':
    case 'machine.remove':
      return [clusterUid, input.machineId]
  }
}
