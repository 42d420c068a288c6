import type { OperationResult } from '#core/model/operation.ts'
import { Down } from '#core/protocol/down.ts'
import type { OpOffer } from '#core/protocol/op-offer.ts'
import type { Up } from '#core/protocol/up.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import { doorHeaders } from '#durable-objects/door-pass.ts'
import { newUid, siteStub } from './relay-world.ts'
import { createSimulatedSite, type SimulatedSite } from './simulated-site.ts'

/** An operation in the agent's journal. */
interface Journalled {
  readonly offer: OpOffer
  state: 'running' | 'finished'
  result?: OperationResult
  cancelled: boolean
}

/**
 * An agent without a LAN: it keeps the agent's side of the protocol and lets a test decide when each frame passes.
 * Frames from the site wait in `inbox`, frames to it in `outbox`; `flush()` moves everything until nothing moves.
 */
export interface ScriptedAgent {
  readonly site: SimulatedSite
  readonly journal: ReadonlyMap<string, Journalled>
  readonly inbox: string[]
  readonly outbox: string[]
  readonly watches: ReadonlyMap<string, WatchPut>
  /** Every frame from the site, in order. */
  readonly heard: Down[]
  readonly closed: { code: number } | undefined
  readonly epoch: number
  readonly incarnation: { readonly id: string; readonly counter: number }
  /** Opens a socket as the relay Worker does after it has verified a token, and says hello. */
  connect(hello?: Partial<Extract<Up, { type: 'hello' }>>): Promise<void>
  disconnect(): void
  say(message: Up): void
  /** The agent acts on the next frame it got; false when there is none. */
  hearNext(): boolean
  /** Hands the next frame to the site; false when there is none. */
  sendNext(): boolean
  /** Finishes a running operation. */
  finish(operationId: string, result?: OperationResult): void
  observe(full: boolean): void
}

export interface AgentOptions {
  readonly siteUid: string
  readonly agentId?: string
  /** Of its journal; a copy of the journal has the same. */
  readonly incarnation?: { readonly id: string; readonly counter: number }
  /** Whether accepted operations are finished at once, successfully. */
  readonly diligent?: boolean
}

export function createScriptedAgent({
  siteUid,
  agentId = 'agent',
  diligent = true,
  ...options
}: AgentOptions): ScriptedAgent {
  const site = createSimulatedSite()
  const journal = new Map<string, Journalled>()
  /** Acknowledged operations, kept as long as an old offer could still arrive. */
  const retained = new Map<string, Journalled>()
  const watches = new Map<string, WatchPut>()
  const inbox: string[] = []
  const outbox: string[] = []
  const heard: Down[] = []
  const incarnation = { id: crypto.randomUUID() as string, counter: 0, ...options.incarnation }
  let socket: WebSocket | undefined
  let closed: { code: number } | undefined
  let epoch = 0
  let lastEpoch = 0

  const say = (message: Up): void => void outbox.push(JSON.stringify(message))

  function observe(full: boolean): void {
    const seen = site.seen()
    const tables = Object.fromEntries(
      Object.entries(seen).map(([table, rows]) => [table, { put: [...rows], gone: [] }]),
    )
    say({ type: 'site.seen', full, part: 0, last: true, ...tables })
  }

  function finish(operationId: string, result?: OperationResult): void {
    const entry = journal.get(operationId)
    if (entry?.state !== 'running') return
    const outcome: OperationResult =
      result ??
      (entry.cancelled
        ? { outcome: 'cancelled' }
        : { outcome: 'succeeded', output: site.perform(entry.offer.kind, entry.offer.input) })
    journal.set(operationId, { ...entry, state: 'finished', result: outcome })
    report(operationId)
    observe(true)
  }

  function report(operationId: string): void {
    const entry = journal.get(operationId)
    if (entry?.result) say({ type: 'op.result', operationId, attempt: entry.offer.attempt, result: entry.result })
  }

  function offered(offer: OpOffer): void {
    const { operationId, attempt } = offer
    const known = journal.get(operationId) ?? retained.get(operationId)
    if (known) journal.set(operationId, known)
    else journal.set(operationId, { offer, state: 'running', cancelled: false })
    // Known or not: an offer that is in the journal never restarts work.
    say({ type: 'op.accept', operationId, attempt })
    if (known?.state === 'finished') report(operationId)
    else if (!known && diligent) finish(operationId)
  }

  function forget(operationId: string): void {
    const entry = journal.get(operationId)
    if (entry) retained.set(operationId, entry)
    journal.delete(operationId)
  }

  function cancel(operationId: string): void {
    const entry = journal.get(operationId)
    if (!entry) return
    entry.cancelled = true
    if (diligent) finish(operationId)
  }

  function hear(message: Down): void {
    heard.push(message)
    switch (message.type) {
      case 'welcome':
        epoch = message.sessionEpoch
        lastEpoch = Math.max(lastEpoch, epoch)
        say({ type: 'ready', sessionEpoch: epoch })
        say({
          type: 'ops.snapshot',
          part: 0,
          last: true,
          operations: [...journal].map(([operationId, { offer, state }]) => ({
            operationId,
            attempt: offer.attempt,
            state,
          })),
        })
        observe(true)
        return
      case 'ops.diff':
        for (const id of message.cancel) cancel(id)
        for (const id of message.resend) report(id)
        for (const id of message.forget) forget(id)
        return
      case 'op.offer':
        if (message.sessionEpoch >= epoch) offered(message)
        return
      case 'op.cancel':
        cancel(message.operationId)
        return
      case 'op.ack':
        forget(message.operationId)
        return
      case 'watch.put':
        watches.set(message.clusterUid, message)
        return
      case 'secrets.put':
      case 'standby':
      case 'lane.open':
      case 'drain':
      case 'reject':
      case 'unsupported':
    }
  }

  return {
    site,
    incarnation,
    journal,
    inbox,
    outbox,
    watches,
    heard,
    get closed() {
      return closed
    },
    get epoch() {
      return epoch
    },
    async connect(changes = {}) {
      const pass = { agentId, siteUid, jti: crypto.randomUUID(), expiresAt: Date.now() + 60_000 }
      const response = await siteStub(siteUid).fetch('https://relay.example/relay/v1/connect', {
        headers: { Upgrade: 'websocket', ...doorHeaders(pass) },
      })
      const opened = response.webSocket
      if (!opened) throw new Error(`no socket: ${response.status}`)
      inbox.length = 0
      outbox.length = 0
      closed = undefined
      opened.accept()
      opened.addEventListener('message', (event) => {
        if (socket === opened) inbox.push(String(event.data))
      })
      opened.addEventListener('close', (event) => {
        if (socket === opened) closed = { code: event.code }
      })
      socket = opened
      incarnation.counter++
      say({
        type: 'hello',
        protocol: { min: 1, max: 1 },
        agentVersion: '0.1.0',
        features: ['standby'],
        operations: [],
        siteUid,
        incarnation: { ...incarnation },
        lastEpoch,
        clockMs: Date.now(),
        ...changes,
      })
    },
    disconnect() {
      socket?.close(1000, 'bye')
      socket = undefined
      inbox.length = 0
      outbox.length = 0
    },
    say,
    hearNext() {
      const frame = inbox.shift()
      if (frame !== undefined) hear(Down.parse(JSON.parse(frame)))
      return frame !== undefined
    },
    sendNext() {
      const frame = outbox.shift()
      if (frame !== undefined) socket?.send(frame)
      return frame !== undefined
    },
    finish,
    observe,
  }
}

/** Uids are minted by time, so tests of one file never meet. */
export const aSiteUid = newUid
