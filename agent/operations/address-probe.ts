import { setTimeout as wait } from 'node:timers/promises'
import type { Dialer } from '../dialer.ts'
import type { AddressProbe } from './deps.ts'

/**
 * Whether anybody lives at an address, asked of the ports that machines in homes and labs listen on. An answer is proof;
 * silence is not, but it is the best that can be had without raw sockets.
 */
const PORTS: readonly number[] = [50000, 22, 80, 443, 6443, 8006, 445, 3389]
/** A SYN that got lost is sent again after one second, and on a LAN a listener accepts in a millisecond. */
const ANSWER_MS = 1_200

export function createAddressProbe(dialer: Dialer): AddressProbe {
  return {
    async findListener(address, signal) {
      const answers = await Promise.all(PORTS.map((port) => accepts(dialer, address, port, signal)))
      return PORTS.find((_, index) => answers[index])
    },
  }
}

async function accepts(dialer: Dialer, host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const given = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
  const dialled = dialer.connect({ host, port }, given).then(
    (socket) => {
      // A proxy may answer after we gave up; the socket must not stay open.
      socket.destroy()
      return true
    },
    () => false,
  )
  const done = new AbortController()
  const tooLate = wait(ANSWER_MS, false, { signal: done.signal }).catch(() => false)
  const accepted = await Promise.race([dialled, tooLate])
  done.abort()
  return accepted
}
