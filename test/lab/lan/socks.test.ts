import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { SocksClient } from 'socks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Lan } from '#lab/lan/lan.ts'
import { startSocksServer, type SocksServer } from '#lab/lan/socks-server.ts'

let lan: Lan
let socks: SocksServer
let echo: Server
const open: Socket[] = []
beforeEach(async () => {
  lan = new Lan()
  socks = await startSocksServer(lan, 100)
  echo = createServer((socket) => void socket.pipe(socket))
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  lan.claim({ address: '192.168.1.51', mac: 'bc:24:11:00:00:01', owner: 'cp-1' })
  lan.serve('192.168.1.51', 7, (echo.address() as AddressInfo).port)
})
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy()
  await socks.close()
  await new Promise((resolve) => echo.close(resolve))
})

async function dial(host: string, port = 7): Promise<Socket> {
  const { socket } = await SocksClient.createConnection({
    proxy: { host: '127.0.0.1', port: socks.port, type: 5 },
    command: 'connect',
    destination: { host, port },
    timeout: 3_000,
  })
  open.push(socket)
  return socket
}

function said(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (data) => resolve(data.toString()))
    socket.once('close', () => reject(new Error('closed')))
    socket.resume()
    socket.write(text)
  })
}

const failure = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'connected',
    (error: unknown) => String(error),
  )

describe('the way into the LAN', () => {
  test('leads an address and a name to the service that listens there', async () => {
    lan.name('cp-1.lan', '192.168.1.51')
    expect(await said(await dial('192.168.1.51'), 'by address')).toBe('by address')
    expect(await said(await dial('cp-1.lan'), 'by name')).toBe('by name')
  })

  test('a host refuses a port nobody listens on, at once', async () => {
    expect(await failure(dial('192.168.1.51', 8))).toContain('ConnectionRefused')
  })

  test('an address nobody has is unreachable, after a while that is bounded', async () => {
    const begun = performance.now()
    expect(await failure(dial('192.168.1.99'))).toContain('HostUnreachable')
    const tookMs = performance.now() - begun
    expect(tookMs).toBeGreaterThan(15)
    expect(tookMs).toBeLessThan(2_000)
  })

  test('a released service is gone; the second claimant of its port is heard then', async () => {
    const other = createServer((socket) => socket.end('the other'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const release = lan.serve('192.168.1.51', 9, (echo.address() as AddressInfo).port)
    lan.serve('192.168.1.51', 9, (other.address() as AddressInfo).port)
    expect(await said(await dial('192.168.1.51', 9), 'first')).toBe('first')
    release()
    expect(await said(await dial('192.168.1.51', 9), 'x')).toBe('the other')
    other.close()
  })

  test('a second claimant of an address is a conflict on record, and the first keeps it', () => {
    const release = lan.claim({ address: '192.168.1.51', mac: 'bc:24:11:00:00:02', owner: 'cp-2' })
    expect(lan.conflicts().map(({ first, second }) => [first.owner, second.owner])).toEqual([['cp-1', 'cp-2']])
    expect(lan.owners('192.168.1.51')[0]?.owner).toBe('cp-1')
    release()
    expect(lan.owners('192.168.1.51')).toHaveLength(1)
  })

  test.each([
    ['a version that is not 5', Uint8Array.of(4, 1, 0, 7)],
    ['a client that wants to authenticate only', Uint8Array.of(5, 1, 2)],
  ])('sends away %s', async (_, greeting) => {
    expect(await exchange(greeting)).toEqual([5, 0xff])
  })

  test.each([
    ['BIND', Uint8Array.of(5, 1, 0, 5, 2, 0, 1, 192, 168, 1, 51, 0, 7), 7],
    ['IPv6', Uint8Array.of(5, 1, 0, 5, 1, 0, 4, 0), 8],
  ])('refuses %s with its own code', async (_, bytes, code) => {
    expect((await exchange(bytes)).slice(0, 4)).toEqual([5, 0, 5, code])
  })
})

/** Sends bytes as they are and gathers what comes back until the server ends it. */
function exchange(bytes: Uint8Array): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(socks.port, '127.0.0.1')
    open.push(socket)
    const got: number[] = []
    socket.on('data', (data) => got.push(...data))
    socket.on('close', () => resolve(got))
    socket.on('error', reject)
    socket.write(bytes)
  })
}

describe('where the LAN fails', () => {
  test('a refused address refuses, its open connections break, and healing brings it back', async () => {
    const before = await dial('192.168.1.51')
    const closed = new Promise((resolve) => before.resume().once('close', resolve))
    lan.cut('192.168.1.51', 'refuse')
    await closed
    expect(await failure(dial('192.168.1.51'))).toContain('ConnectionRefused')
    lan.cut('192.168.1.51', undefined)
    expect(await said(await dial('192.168.1.51'), 'healed')).toBe('healed')
  })

  test('a black hole never answers', async () => {
    lan.cut('192.168.1.51', 'black-hole')
    const attempt = failure(
      SocksClient.createConnection({
        proxy: { host: '127.0.0.1', port: socks.port, type: 5 },
        command: 'connect',
        destination: { host: '192.168.1.51', port: 7 },
        timeout: 200,
      }),
    )
    expect(await attempt).toContain('timed out')
  })

  test('a delay holds new connections back', async () => {
    lan.delay('192.168.1.51', 80)
    const begun = performance.now()
    expect(await said(await dial('192.168.1.51'), 'late')).toBe('late')
    expect(performance.now() - begun).toBeGreaterThan(75)
  })

  test('dropping breaks the connections of one address and leaves the others', async () => {
    lan.claim({ address: '192.168.1.52', mac: 'bc:24:11:00:00:02', owner: 'cp-2' })
    lan.serve('192.168.1.52', 7, (echo.address() as AddressInfo).port)
    const one = await dial('192.168.1.51')
    const two = await dial('192.168.1.52')
    const closed = new Promise((resolve) => one.resume().once('close', resolve))
    lan.drop('192.168.1.51')
    await closed
    expect(await said(two, 'still here')).toBe('still here')
  })
})
