import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { CONNECT_PATH } from '#core/protocol/enroll.ts'
import { CLOSE_CODES, SUBPROTOCOL } from '#core/protocol/version.ts'
import { noBoundary } from '#agent/crash-points.ts'
import { ensureIdentity } from '#agent/identity/identity.ts'
import { createLogger } from '#agent/log.ts'
import { dialRelay, type DoorKeys } from '#agent/session/dial-relay.ts'
import { startSession } from '#agent/session/session.ts'
import { stayConnected, type LinkState } from '#agent/session/stay-connected.ts'
import { anEnrolment } from '../identity/an-enrolment.ts'
import { aJournal, aStateDir, CLUSTER } from '../journal/journal-at.ts'

/** A relay's door on loopback, answering each upgrade as the test says. */
async function aDoor(answer: (attempt: number) => { readonly status: number; readonly body: string } | 'open') {
  const sockets: WebSocket[] = []
  const tokens: (string | undefined)[] = []
  const websockets = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL })
  const server: Server = createServer()
  server.on('upgrade', (request, socket, head) => {
    tokens.push(request.headers.authorization)
    const said = request.url === CONNECT_PATH ? answer(tokens.length) : { status: 404, body: '' }
    if (said === 'open') return websockets.handleUpgrade(request, socket, head, (opened) => sockets.push(opened))
    socket.end(`HTTP/1.1 ${said.status} No\r\ncontent-length: ${said.body.length}\r\n\r\n${said.body}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.terminate()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, tokens }
}

async function aLink(origin: string, keys: Partial<DoorKeys> = {}) {
  const identity = await ensureIdentity(aStateDir())
  const journal = aJournal()
  const states: LinkState[] = []
  const serverTimes: number[] = []
  const link = stayConnected({
    dial: dialRelay({ ...anEnrolment, relayOrigin: origin }, { current: async () => identity, ...keys }, Date.now),
    log: createLogger('error', 'silent'),
    random: () => 0,
    onServerTime: (time) => serverTimes.push(time),
    onState: (state) => states.push(state),
    start: (socket) =>
      startSession(socket, {
        journal,
        siteUid: CLUSTER,
        agentVersion: '0.1.0',
        log: createLogger('error', 'silent'),
        boundary: noBoundary,
        begin: () => undefined,
        cancel: () => undefined,
        onReady: () => undefined,
        onWatch: () => undefined,
        onSecrets: () => undefined,
      }),
  })
  onTestFinished(() => link.stop('the test is over'))
  return { link, states, serverTimes }
}

describe('the door', () => {
  test('[K3] a key whose rotation was cut off opens the door at once, and takes the place of the refused one', async () => {
    const next = await ensureIdentity(aStateDir())
    const body = JSON.stringify({ code: 'agent-unknown' })
    const door = await aDoor((attempt) => (attempt === 1 ? { status: 401, body } : 'open'))
    let adopted = 0
    await aLink(door.origin, { next: async () => next, adoptNext: () => void adopted++ })
    await vi.waitFor(() => expect([door.sockets.length, adopted]).toEqual([1, 1]))
  })

  test('[S22] a cut link comes back with a fresh token', async () => {
    const door = await aDoor(() => 'open')
    const { link } = await aLink(door.origin)
    await vi.waitFor(() => expect(door.sockets).toHaveLength(1))
    door.sockets[0]?.terminate()
    await vi.waitFor(() => expect(door.sockets).toHaveLength(2))
    expect(door.sockets[1]?.protocol).toBe(SUBPROTOCOL)
    expect(new Set(door.tokens).size).toBe(2)
    await vi.waitFor(() => expect(link.state().link).toBe('connected'))
  })

  test('[S22] the first words of a new socket are heard, however early they come', async () => {
    const door = await aDoor(() => 'open')
    const { link } = await aLink(door.origin)
    await vi.waitFor(() => expect(door.sockets).toHaveLength(1))
    const heard: unknown[] = []
    door.sockets[0]?.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString('utf8'))))
    door.sockets[0]?.send(JSON.stringify({ type: 'welcome', protocol: 1, sessionEpoch: 3, serverTimeMs: 1 }))
    await vi.waitFor(() => expect(link.state()).toMatchObject({ link: 'connected', epoch: 3 }))
    await vi.waitFor(() => expect(heard).toContainEqual({ type: 'ready', sessionEpoch: 3 }))
  })

  test('[S22] a refused clock is told the time of the relay and tries again', async () => {
    const body = JSON.stringify({ code: 'clock-skewed', serverTimeMs: 1_234 })
    const door = await aDoor((attempt) => (attempt === 1 ? { status: 401, body } : 'open'))
    const { serverTimes } = await aLink(door.origin)
    await vi.waitFor(() => expect(door.sockets).toHaveLength(1))
    expect(serverTimes).toEqual([1_234])
  })

  test('[S22] a refused login is not hammered', async () => {
    const door = await aDoor(() => ({ status: 401, body: '{"code":"agent-unknown"}' }))
    const { states } = await aLink(door.origin)
    await vi.waitFor(() =>
      expect(states.at(-1)).toMatchObject({ link: 'dialling', lastEnding: expect.stringContaining('401') }),
    )
    expect(door.tokens).toHaveLength(1)
  })

  test('[S22] a revoked agent dials no more and says so', async () => {
    const door = await aDoor(() => 'open')
    const { link } = await aLink(door.origin)
    await vi.waitFor(() => expect(door.sockets).toHaveLength(1))
    door.sockets[0]?.close(CLOSE_CODES.revoked, 'revoked')
    await vi.waitFor(() => expect(link.state().link).toBe('waiting-for-a-person'))
    expect(door.tokens).toHaveLength(1)
  })

  test('[S22] stopping says goodbye and dials no more', async () => {
    const door = await aDoor(() => 'open')
    const { link } = await aLink(door.origin)
    await vi.waitFor(() => expect(door.sockets).toHaveLength(1))
    const closed = once(door.sockets[0]!, 'close')
    await vi.waitFor(() => expect(link.state().link).toBe('connected'))
    await link.stop('bye')
    expect((await closed)[0]).toBe(1000)
    expect(door.tokens).toHaveLength(1)
  })
})
