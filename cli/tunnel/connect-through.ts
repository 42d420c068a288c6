import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { err, ok, type Result } from '#core/base/result.ts'

/** Above the time in which the proxy itself gives up. */
const TIMEOUT_MS = 40_000

/** A connection through the loopback proxy of a cluster; the error is what the proxy says. */
export function connectThrough(port: number, authority: string): Promise<Result<Duplex, string>> {
  return new Promise((resolve) => {
    const asking = request({ host: '127.0.0.1', port, method: 'CONNECT', path: authority, timeout: TIMEOUT_MS })
    asking.on('timeout', () => asking.destroy(new Error('the tunnel did not answer in time')))
    asking.on('error', (error) => resolve(err(error.message)))
    asking.on('connect', (response, socket) => {
      if (response.statusCode === 200) return resolve(ok(socket))
      socket.destroy()
      resolve(err(response.statusMessage ?? `the tunnel answered ${response.statusCode}`))
    })
    asking.end()
  })
}
