import { spawn } from 'node:child_process'
import type { Environment } from '../config/load-config.ts'

/**
 * Tells systemd how the service is doing, through `systemd-notify`, because Node has no Unix datagram sockets. Outside
 * of systemd every call does nothing. A message that does not arrive costs a restart at worst, never the agent.
 */
export interface ServiceManager {
  ready(): void
  status(text: string): void
  stopping(): void
  end(): void
}

const MAX_STATUS_CHARS = 200

export function createServiceManager(env: Environment): ServiceManager {
  const tell = env['NOTIFY_SOCKET'] ? send : () => undefined
  const watchdogMs = Number(env['WATCHDOG_USEC'] ?? 0) / 1000
  // Half of the limit leaves room for one late timer; a stuck event loop sends none, which is what the watchdog is for.
  const heartbeat = watchdogMs > 0 ? setInterval(() => tell('WATCHDOG=1'), watchdogMs / 2) : undefined
  return {
    ready: () => tell('READY=1'),
    status: (text) => tell(`STATUS=${text.replaceAll('\n', ' ').slice(0, MAX_STATUS_CHARS)}`),
    stopping: () => tell('STOPPING=1'),
    end: () => clearInterval(heartbeat),
  }
}

function send(message: string): void {
  const helper = spawn('systemd-notify', [message], { stdio: 'ignore' })
  helper.on('error', () => undefined)
  helper.unref()
}
