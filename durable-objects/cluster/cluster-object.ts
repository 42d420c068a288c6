import { DurableObject } from 'cloudflare:workers'
import type { ClusterEvent } from '#core/model/event.ts'
import type { Hold } from '#core/model/hold.ts'
import type { Operation } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { mayBeDecided, waitsForPerson } from '#core/plan/decidable.ts'
import { PING, PONG } from '#core/protocol/version.ts'
import { insertSealedSecrets } from '#db/sealed-secrets.ts'
import { openDb } from '#db/open.ts'
import type { RelayEnv } from '../env.ts'
import { logError } from '../log.ts'
import type { ClusterMemory, ClusterPort, OperationAnswer, OperationNews } from '../ports.ts'
import { retryDelayMs } from '../retry.ts'
import { answerClose } from '../sockets.ts'
import { counted } from '../usage.ts'
import { checkOutput, sealedBundleOf, withoutCiphertext } from './check-output.ts'
import { Followers } from './followers.ts'
import { operationEvent } from './operation-events.ts'
import { Progress } from './progress.ts'
import { isSettled } from './settled.ts'
import { ClusterStore } from './store.ts'
import { takeTurn } from './turn.ts'

/** An operation that merely began can wait a moment to be shown, so that several of them cost one look. */
const LOOK_AFTER_START_MS = 1_000

/**
 * One object per cluster, and the only writer of that cluster's operations and status.
 *
 * It decides nothing: core/plan decides, ./store.ts remembers, ./turn.ts sends and publishes. This class is the door and
 * the alarm clock. A wake carries no truth: whoever is woken reads again (rules C1–C9).
 */
export class ClusterObject extends DurableObject<RelayEnv> implements ClusterPort {
  #opened: ClusterStore | undefined
  readonly #followers: Followers
  readonly #progress = new Progress()
  /** The earliest wake since the alarm last began, so that the end of a run never swallows it. */
  #wokenAt: number | undefined
  /** The run of the alarm that is under way; there is never a second one beside it. */
  #running: Promise<void> | undefined

  constructor(context: DurableObjectState, env: RelayEnv) {
    super(context, env)
    this.#followers = new Followers(context)
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG))
  }

  async wake(clusterUid: string, inMs: number): Promise<void> {
    counted('object-request', 'cluster')
    const store = this.#store()
    store.setUid(clusterUid)
    const at = Date.now() + Math.max(0, inMs)
    // A writer has until then; a run in between must not take the look after it away (C2).
    if (inMs > 0) store.promise(at)
    await this.#wakeBy(at)
    this.#countRows()
  }

  async report(news: readonly OperationNews[]): Promise<boolean> {
    counted('object-request', 'cluster')
    const store = this.#store()
    // Without a uid the cluster is gone or was never here: there is nobody left to tell.
    if (store.uid === undefined) return true
    try {
      for (const item of news) await this.#take(store, item)
      const kinds = new Set(news.map((item) => item.type))
      kinds.delete('progress')
      if (kinds.size > 0) {
        const merelyBegun = kinds.size === 1 && kinds.has('accepted')
        await this.#wakeBy(Date.now() + (merelyBegun ? LOOK_AFTER_START_MS : 0))
      }
      return true
    } catch (error) {
      logError('cluster.news-not-taken', { clusterUid: store.uid, count: news.length }, error)
      return false
    } finally {
      this.#countRows()
    }
  }

  async operations(query: { limit: number; before?: number | undefined }): Promise<readonly OperationAnswer[]> {
    counted('object-request', 'cluster')
    const { operations, holds } = this.#store()
    return operations.page(query.limit, query.before).map((operation) => this.#show(operation, holds))
  }

  async operation(operationId: string): Promise<OperationAnswer | undefined> {
    counted('object-request', 'cluster')
    const { operations, holds } = this.#store()
    const found = operations.find(operationId)
    return found && this.#show(found, holds)
  }

  async decide(
    operationId: string,
    decision: 'retry' | 'abandon',
  ): Promise<{ ok: true } | { ok: false; problem: Problem }> {
    counted('object-request', 'cluster')
    const { operations, holds } = this.#store()
    const operation = operations.find(operationId)
    if (!operation) return { ok: false, problem: problem('not-found', { operationId }) }
    if (!mayBeDecided(operation, holds))
      return { ok: false, problem: problem('operation-not-stuck', { operationId, state: operation.state }) }
    operations.decide(operationId, decision)
    await this.#wakeBy(Date.now())
    this.#countRows()
    return { ok: true }
  }

  async remembered(): Promise<ClusterMemory> {
    counted('object-request', 'cluster')
    const store = this.#store()
    return {
      bootstrap: store.bootstrap,
      contract: store.contract,
      machines: store.machines.all().map((kept) => kept.machine),
      operations: store.operations.forView(),
      locks: store.locks.held(),
    }
  }

  #show(operation: Operation, holds: readonly Hold[]): OperationAnswer {
    return { ...this.#progress.show(operation), retryable: waitsForPerson(operation, holds) }
  }

  /** Followers of the story; the API Worker has checked who they are. */
  override async fetch(request: Request): Promise<Response> {
    counted('object-request', 'cluster')
    const store = this.#store()
    return this.#followers.accept(request, {
      after: (seq) => store.events.after(seq),
      settled: isSettled(store.status),
    })
  }

  /** Followers only listen. */
  override async webSocketMessage(): Promise<void> {
    counted('message-in', 'cluster')
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    answerClose(socket, code)
  }

  override alarm(): Promise<void> {
    counted('alarm', 'cluster')
    return (this.#running ??= this.#run().finally(() => (this.#running = undefined)))
  }

  async #run(): Promise<void> {
    this.#wokenAt = undefined
    const store = this.#store()
    const { failures } = store
    // The net goes up first: a throwing alarm is retried a few times, then dropped for good.
    await this.#setAlarm(Date.now() + retryDelayMs(failures))
    try {
      const turn = await takeTurn(this.env, store, (events) => this.#tell(store, events))
      store.setFailures(0)
      if (turn.gone) await this.#forgetEverything()
      else await this.#armFor(store, turn.lookAgainAt)
    } catch (error) {
      store.setFailures(failures + 1)
      logError('cluster.turn-failed', { clusterUid: store.uid, failures: failures + 1 }, error)
    }
    this.#countRows()
  }

  /** A piece of news, made durable. The ciphertext of a bundle is in D1 before its operation counts as done (C5). */
  async #take(store: ClusterStore, news: OperationNews): Promise<void> {
    const operation = store.operations.find(news.operationId)
    if (!operation) return
    if (news.type === 'progress') {
      const line = operation.attempt === news.attempt ? this.#progress.note(operation, news, store.name) : undefined
      if (line) this.#followers.tell([line], false)
      return
    }
    let kept = news
    if (news.type === 'finished') {
      const result = checkOutput(operation, news.result)
      const bundle = sealedBundleOf(operation, result)
      if (bundle && store.uid !== undefined)
        await insertSealedSecrets(openDb(this.env.DB), {
          clusterUid: store.uid,
          version: bundle.version,
          ciphertext: bundle.ciphertext,
          recipients: bundle.recipients,
          createdAt: news.at,
        })
      kept = { ...news, result: withoutCiphertext(result) }
      this.#progress.forget(news.operationId)
    }
    const changed = store.operations.apply(kept)
    if (changed) this.#tell(store, store.events.append(operationEvent(changed, news.at, store.name)))
  }

  #tell(store: ClusterStore, events: readonly ClusterEvent[]): void {
    if (events.length > 0) this.#followers.tell(events, isSettled(store.status))
  }

  /** Only ever pulls the alarm earlier, so a later timer never swallows a wake (C2). */
  async #wakeBy(at: number): Promise<void> {
    this.#wokenAt = Math.min(at, this.#wokenAt ?? at)
    const armed = await this.ctx.storage.getAlarm()
    if (armed === null || at < armed) await this.#setAlarm(at)
  }

  /** Nothing to do and nothing to wait for: no alarm, so an idle cluster costs nothing (C3). */
  async #armFor(store: ClusterStore, lookAgainAt: number | undefined): Promise<void> {
    const now = Date.now()
    const { promisedAt } = store
    const times = [lookAgainAt, this.#wokenAt, promisedAt !== undefined && promisedAt > now ? promisedAt : undefined]
    const next = Math.min(...times.filter((time) => time !== undefined))
    if (Number.isFinite(next)) await this.#setAlarm(Math.max(now, next))
    else await this.ctx.storage.deleteAlarm()
  }

  async #setAlarm(at: number): Promise<void> {
    counted('rows', 'cluster-alarm')
    await this.ctx.storage.setAlarm(at)
  }

  /** The last event is told and `gone` is published; what remains here would never be asked for again. */
  async #forgetEverything(): Promise<void> {
    this.#followers.end()
    this.#opened = undefined
    await this.ctx.storage.deleteAlarm()
    await this.ctx.storage.deleteAll()
  }

  /** Opened when first needed: after the end of a cluster its tables are gone until someone asks again. */
  #store(): ClusterStore {
    return (this.#opened ??= new ClusterStore(this.ctx.storage))
  }

  #countRows(): void {
    if (this.#opened) counted('rows', 'cluster', this.#opened.sql.takeRowsWritten())
  }
}
