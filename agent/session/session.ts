import { assertNever } from '#core/base/invariant.ts'
import { Down } from '#core/protocol/down.ts'
import type { OpOffer } from '#core/protocol/op-offer.ts'
import { readMessage } from '#core/protocol/read-message.ts'
import type { Reject } from '#core/protocol/reject.ts'
import type { Up } from '#core/protocol/up.ts'
import { DEAD_AFTER_MS, PING, PING_EVERY_MS, PONG } from '#core/protocol/version.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import type { Boundary } from '../crash-points.ts'
import type { Journal, JournalledOperation } from '../journal/journal.ts'
import type { Logger } from '../log.ts'
import { helloOf } from './hello.ts'
import { judgeOffer, refuseForeign } from './judge-offer.ts'
import { createProgress } from './progress.ts'
import { snapshotOf } from './snapshot.ts'
import type { ControlSocket } from './socket.ts'

/**
 * One connection, from `hello` to its end (rules S20, S21, S23, S25, S26). Messages are hints: what is true is in the journal, so a
 * session may end after any frame and the next one finds out by comparing tables.
 */
export interface Session {
  frame(text: string): void
  /** The socket is gone: timers end, nothing is sent any more. */
  closed(): void
  /** Why the cloud refused the session, if it did. */
  rejected(): Reject | undefined
  /** Undefined until the cloud has taken the session. */
  epoch(): number | undefined
  /** The agent that leads the site while this one stands by. */
  standingBehind(): string | undefined
  /** Sends a stored outcome. Nothing happens before `ready` or when there is none. */
  report(operationId: string): void
  tellProgress(operation: JournalledOperation, step: string, percent: number | undefined): void
  send(message: Up): void
  /** Says goodbye and closes. */
  leave(reason: string): void
}

export interface SessionDeps {
  readonly journal: Journal
  readonly siteUid: string
  readonly agentVersion: string
  readonly log: Logger
  readonly boundary: Boundary
  /** Accepted just now, or known and perhaps not yet taken up. */
  readonly begin: (operation: JournalledOperation) => void
  readonly cancel: (operationId: string) => void
  /** The session may carry observations from now on. */
  readonly onReady: (session: Session) => void
  readonly onWatch: (watch: WatchPut) => void
  /** A sealed bundle from the cloud; absent when it has none. */
  readonly onSecrets: (clusterUid: string, version: number, ciphertext: string | undefined) => void
  /** Someone waits in the data lane; an agent without this cannot be asked. */
  readonly onLane?: ((nonce: string) => void) | undefined
}

/** What a healthy link never holds back. Beyond it the socket is given up: the next session starts from the tables. */
export const MAX_QUEUED_BYTES = 4 * 1024 * 1024
/** An outcome that nobody confirmed within this time is said again. */
export const RESEND_MS = 60_000

type Phase =
  | { readonly name: 'greeting' }
  | { readonly name: 'standby'; readonly leaderAgentId: string }
  | { readonly name: 'ready'; readonly epoch: number }
  | { readonly name: 'over' }

export function startSession(socket: ControlSocket, deps: SessionDeps): Session {
  const { journal, log, boundary } = deps
  let phase: Phase = { name: 'greeting' }
  let rejected: Reject | undefined
  let lastHeardAt = Date.now()
  const progress = createProgress(send)

  const pinging = setInterval(() => {
    if (Date.now() - lastHeardAt >= DEAD_AFTER_MS) {
      log.warn({ event: 'session.went-silent', silentMs: Date.now() - lastHeardAt })
      socket.terminate()
    } else socket.send(PING)
  }, PING_EVERY_MS)
  const resending = setInterval(() => {
    for (const operation of journal.operations.unacknowledged()) report(operation.operationId)
  }, RESEND_MS)

  function send(message: Up): void {
    if (phase.name === 'over') return
    if (socket.queuedBytes() > MAX_QUEUED_BYTES) {
      log.warn({ event: 'session.choked', queuedBytes: socket.queuedBytes() })
      close()
      socket.terminate()
      return
    }
    boundary(`socket send ${message.type}: before`)
    socket.send(JSON.stringify(message))
    boundary(`socket send ${message.type}: after`)
  }

  function close(): void {
    phase = { name: 'over' }
    clearInterval(pinging)
    clearInterval(resending)
    progress.stop()
  }

  function report(operationId: string): void {
    if (phase.name !== 'ready' && phase.name !== 'standby') return
    const operation = journal.operations.find(operationId)
    if (!operation?.result) return
    progress.end(operationId)
    send({ type: 'op.result', operationId, attempt: operation.attempt, result: operation.result })
  }

  function becomeReady(epoch: number): void {
    if (epoch <= journal.lastEpoch()) {
      log.error({ event: 'session.went-back', epoch, lastEpoch: journal.lastEpoch() })
      socket.close(1002, 'the session epoch went back')
      return
    }
    // Written first: from here on no older session can make this journal accept anything (S20).
    journal.confirmEpoch(epoch)
    phase = { name: 'ready', epoch }
    send({ type: 'ready', sessionEpoch: epoch })
    for (const part of snapshotOf(journal.operations.unacknowledged())) send(part)
    for (const watch of journal.watches.all()) askForSecrets(watch.clusterUid, watch.secretsVersion)
    deps.onReady(session)
  }

  /** Another agent leads. Outcomes of what was accepted before are told all the same. */
  function standBy(leaderAgentId: string): void {
    phase = { name: 'standby', leaderAgentId }
    log.info({ event: 'session.standing-by', leaderAgentId })
    for (const operation of journal.operations.unacknowledged()) report(operation.operationId)
  }

  function takeOffer(offer: OpOffer, epoch: number): void {
    const { operationId, attempt } = offer
    const verdict = judgeOffer(offer, {
      sessionEpoch: epoch,
      fence: journal.operations.fenceOf(offer.clusterUid),
      known: journal.operations.find(operationId),
    })
    switch (verdict.offer) {
      case 'refused':
        log.warn({ event: 'operation.refused', operationId, kind: offer.kind, problem: verdict.problem })
        return send({ type: 'op.refuse', operationId, attempt, problem: verdict.problem })
      case 'finished':
        journal.operations.adoptAttempt(operationId, attempt)
        return report(operationId)
      case 'running':
        journal.operations.adoptAttempt(operationId, attempt)
        send({ type: 'op.accept', operationId, attempt })
        return deps.begin(verdict.operation)
      case 'new': {
        const accepted = journal.operations.accept(verdict.accepted)
        if (!accepted.ok) return send({ type: 'op.refuse', operationId, attempt, problem: accepted.error })
        send({ type: 'op.accept', operationId, attempt })
        log.info({ event: 'operation.accepted', operationId, kind: offer.kind, clusterId: offer.clusterUid })
        return deps.begin(accepted.value)
      }
      default:
        return assertNever(verdict)
    }
  }

  /** Watching needs the bundle too, and nobody else would ask for it. */
  function askForSecrets(clusterUid: string, version: number): void {
    if (version > 0 && journal.secrets.get(clusterUid, version) === undefined)
      send({ type: 'secrets.get', clusterUid, version })
  }

  function take(message: Down): void {
    if (message.type === 'reject') {
      rejected = message
      return
    }
    if (message.type === 'welcome') {
      if (phase.name !== 'ready') becomeReady(message.sessionEpoch)
      return
    }
    if (message.type === 'standby') {
      if (phase.name !== 'ready') standBy(message.leaderAgentId)
      return
    }
    // What was accepted before the lead was lost is still this agent's own.
    if (phase.name === 'standby' && message.type === 'op.cancel') return deps.cancel(message.operationId)
    if (phase.name === 'standby' && message.type === 'op.ack')
      return journal.operations.acknowledge(message.operationId, message.attempt)
    if (phase.name !== 'ready') return
    switch (message.type) {
      case 'op.offer':
        return takeOffer(message, phase.epoch)
      case 'op.cancel':
        return deps.cancel(message.operationId)
      case 'op.ack':
        return journal.operations.acknowledge(message.operationId, message.attempt)
      case 'ops.diff':
        for (const operationId of message.cancel) deps.cancel(operationId)
        journal.operations.forget(message.forget)
        for (const operationId of message.resend) report(operationId)
        return
      case 'watch.put':
        journal.watches.put(message)
        askForSecrets(message.clusterUid, message.secretsVersion)
        return deps.onWatch(message)
      case 'secrets.put':
        return deps.onSecrets(message.clusterUid, message.version, message.ciphertext)
      case 'lane.open':
        return deps.onLane?.(message.nonce)
      case 'drain':
        log.info({ event: 'session.drained', reason: message.reason })
        return
      case 'unsupported':
        log.warn({ event: 'message.unsupported', of: message.of, text: message.text })
        return
      default:
        return assertNever(message)
    }
  }

  /** Not understood: an offer is refused by name, so that it does not wait for a timeout; anything else is told. */
  function answerUnreadable(text: string, problemOf: { of: string; text: string }): void {
    log.warn({ event: 'message.unreadable', ...problemOf })
    const refusal = phase.name === 'ready' ? refuseForeign(text, problemOf.text) : undefined
    if (refusal) send(refusal)
    else if (problemOf.of !== 'unsupported') send({ type: 'unsupported', ...problemOf })
  }

  const session: Session = {
    report,
    send,
    rejected: () => rejected,
    epoch: () => (phase.name === 'ready' ? phase.epoch : undefined),
    frame(text) {
      lastHeardAt = Date.now()
      if (phase.name === 'over' || text === PONG) return
      const message = readMessage(Down, text)
      if (!message.ok) return answerUnreadable(text, message.error)
      boundary(`socket receive ${message.value.type}: before`)
      take(message.value)
      boundary(`socket receive ${message.value.type}: after`)
    },
    standingBehind: () => (phase.name === 'standby' ? phase.leaderAgentId : undefined),
    closed: close,
    tellProgress(operation, step, percent) {
      if (phase.name !== 'ready') return
      const attempt = journal.operations.find(operation.operationId)?.attempt ?? operation.attempt
      progress.tell(operation.operationId, attempt, step, percent)
    },
    leave(reason) {
      if (phase.name === 'ready') send({ type: 'drain', reason })
      close()
      socket.close(1000, reason)
    },
  }

  send(helloOf(deps, journal))
  return session
}
