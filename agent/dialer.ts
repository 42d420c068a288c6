import { connect, type Socket } from 'node:net'
import { SocksClient } from 'socks'

/**
 * The one door from the agent to its LAN: Proxmox, Talos, Kubernetes and the Image Factory are all reached through
 * a dialer, so that a jump host (or the lab's LAN) can stand in between without any client knowing.
 */
export interface Dialer {
  /** A connected TCP socket. Rejects when the target cannot be reached within `DIAL_TIMEOUT_MS`. */
  connect(target: { readonly host: string; readonly port: number }, signal?: AbortSignal): Promise<Socket>
}

/** A LAN answers in milliseconds; ten seconds covers an ARP miss and a busy host without hiding a dead one. */
const DIAL_TIMEOUT_MS = 10_000

/** Dials directly, or through `socks5://host:port` when a proxy is given. */
export function createDialer(proxy?: URL): Dialer {
  return {
    async connect(target, signal) {
      signal?.throwIfAborted()
      const socket = await (proxy ? dialThrough(proxy, target) : dialDirectly(target, signal))
      if (signal?.aborted) {
        socket.destroy()
        signal.throwIfAborted()
      }
      socket.setNoDelay(true)
      return socket
    },
  }
}

async function dialThrough(proxy: URL, target: { host: string; port: number }): Promise<Socket> {
  const { socket } = await SocksClient.createConnection({
    command: 'connect',
    destination: target,
    proxy: { type: 5, host: proxy.hostname, port: Number(proxy.port || 1080) },
    timeout: DIAL_TIMEOUT_MS,
  })
  return socket
}

function dialDirectly(target: { host: string; port: number }, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...target, ...(signal ? { signal } : {}) })
    socket.setTimeout(DIAL_TIMEOUT_MS, () => socket.destroy(new Error(`no answer from ${target.host}:${target.port}`)))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
