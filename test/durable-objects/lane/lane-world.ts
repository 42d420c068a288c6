import { LaneEnd } from '#core/lane/lane-end.ts'
import type { LaneStream } from '#core/lane/lane-stream.ts'
import { LANE_FEATURE, LANE_READY } from '#core/protocol/lane.ts'
import type { LaneTarget } from '#core/protocol/frame-payloads.ts'
import { lanePassHeader, type LanePass } from '#core/lane/lane-pass.ts'
import { newUid, relayEnv, until } from '../support/relay-world.ts'
import { createScriptedAgent } from '../support/scripted-agent.ts'

/** A Lane object in workerd with its Site object, an agent that comes when it is asked, and clients with real sockets. */
export const laneStub = (siteUid: string) => relayEnv.LANE.get(relayEnv.LANE.idFromName(siteUid))

export interface Heard {
  readonly stream: LaneStream
  readonly texts: readonly string[]
  byteCount(): number
  gone(): string | undefined
  ended(): boolean
}

/** Takes note of what a stream brings, and drains it unless it stalls. */
export function listen(stream: LaneStream, stalls = false): Heard {
  const texts: string[] = []
  let byteCount = 0
  let gone: string | undefined
  let ended = false
  stream.listen({
    data(bytes) {
      byteCount += bytes.byteLength
      if (bytes.byteLength < 100) texts.push(new TextDecoder().decode(bytes))
      if (!stalls) stream.consumed(bytes.byteLength)
    },
    end: () => (ended = true),
    writable: () => undefined,
    gone: ({ code }) => (gone = code),
  })
  return { stream, texts, byteCount: () => byteCount, gone: () => gone, ended: () => ended }
}

export async function upgrade(pass: LanePass): Promise<Response> {
  return await laneStub(pass.siteUid).fetch('https://relay.example/relay/v1/lane', {
    headers: { Upgrade: 'websocket', ...lanePassHeader(pass) },
  })
}

export async function aLaneWorld() {
  const siteUid = newUid()
  const clusterUid = newUid()
  const control = createScriptedAgent({ siteUid, diligent: false })
  await control.connect({ features: [LANE_FEATURE], protocol: { min: 1, max: 2 } })
  const hear = (): void => {
    while (control.hearNext() || control.sendNext());
  }
  await until('the session is open', () => {
    hear()
    return control.heard.some(({ type }) => type === 'ops.diff')
  })
  const nonces = (): readonly string[] => {
    hear()
    return control.heard.flatMap((message) => (message.type === 'lane.open' ? [message.nonce] : []))
  }

  /** The agent dials with the newest number it was asked with. */
  async function agent() {
    const nonce = await until('the agent is asked', () => nonces().at(-1))
    const response = await upgrade({ role: 'agent', siteUid, agentId: newUid(), nonce })
    if (!response.webSocket) throw new Error(`no lane for the agent: ${response.status}`)
    const accepted: LaneStream[] = []
    const socket = opened(response.webSocket)
    const end = new LaneEnd({
      side: 'agent',
      send: (frame) => socket.send(frame),
      queuedBytes: () => 0,
      accept: (stream) => {
        accepted.push(stream)
        stream.confirm()
      },
    })
    socket.onBytes((bytes) => void end.frame(bytes))
    return { ...socket, end, accepted }
  }

  async function client(changes: Partial<Extract<LanePass, { role: 'client' }>> = {}) {
    const pass: LanePass = {
      role: 'client',
      siteUid,
      subject: 'ann',
      rights: 'admin',
      clusters: [clusterUid],
      source: '',
      expiresAt: Date.now() + 60_000,
      ...changes,
    }
    const response = await upgrade(pass)
    if (!response.webSocket) throw new Error(`no lane: ${response.status} ${await response.text()}`)
    const socket = opened(response.webSocket)
    const end = new LaneEnd({ side: 'client', send: (frame) => socket.send(frame), queuedBytes: () => 0 })
    socket.onBytes((bytes) => void end.frame(bytes))
    return { ...socket, end, ready: () => until('ready', () => socket.texts.includes(LANE_READY)) }
  }

  const kube: LaneTarget = { kind: 'kube', clusterUid }
  return { siteUid, clusterUid, kube, control, nonces, agent, client, stub: laneStub(siteUid) }
}

function opened(socket: WebSocket) {
  const texts: string[] = []
  const frames: Uint8Array[] = []
  let take: ((bytes: Uint8Array) => void) | undefined
  let held = false
  let closed: number | undefined
  socket.binaryType = 'arraybuffer'
  socket.accept()
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') return void texts.push(data)
    const bytes = new Uint8Array(data as ArrayBuffer)
    frames.push(bytes)
    if (!held) take?.(bytes)
  })
  socket.addEventListener('close', ({ code }) => (closed = code))
  return {
    texts,
    frames,
    send: (frame: Uint8Array) => socket.send(frame),
    onBytes: (taker: (bytes: Uint8Array) => void) => (take = taker),
    /** From now on nothing is taken off this socket. */
    hold: () => (held = true),
    closed: () => closed,
    close: () => socket.close(1000, 'bye'),
  }
}
