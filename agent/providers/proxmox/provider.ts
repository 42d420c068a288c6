import type { Clock } from '#core/base/clock.ts'
import type { Dialer } from '../../dialer.ts'
import type { Provider } from '../provider.ts'
import { createGuestConfigs } from './guest-configs.ts'
import { createProxmoxHttp, type ProxmoxAccess } from './http.ts'
import { imageMethods } from './images.ts'
import { leftoverMethods } from './leftovers.ts'
import { machineMethods } from './machines.ts'
import { createObserve } from './observe.ts'
import { createFindRunning, listEndedWork, pollTask } from './running-tasks.ts'

/**
 * Proxmox VE 8 and 9 as a provider: 8.4 and newer make machines from disk images, 8.0 to 8.3 from ISOs, older ones are
 * refused. It keeps no state but memories that make looking cheaper; what is true is asked.
 */
export interface ProxmoxOptions extends ProxmoxAccess {
  /** The pool that new machines become members of; the rights of the token come from it. */
  readonly pool: string
  readonly clock: Clock
  readonly dialer: Dialer
}

export function createProxmoxProvider(options: ProxmoxOptions): Provider {
  const http = createProxmoxHttp(options, options.dialer)
  const configs = createGuestConfigs(http, options.clock)
  const findRunning = createFindRunning(http, options.tokenId)
  return {
    observe: createObserve(http, configs, options.clock),
    ...imageMethods(http, configs, findRunning),
    ...machineMethods({ http, configs, findRunning, pool: options.pool }),
    ...leftoverMethods(http),
    listEndedWork: () => listEndedWork(http),
    pollTask: (handle) => pollTask(http, handle),
    close: () => http.close(),
  }
}
