import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import type { TalosNode } from '../node.ts'
import { TimeService } from '../proto/time_pb.js'

/** What a node asks for the time when nobody says otherwise. */
export const DEFAULT_TIME_SERVER = 'time.cloudflare.com'

/** The node's clock against a time server's. In the lab every clock is right. */
export function timeService(router: ConnectRouter, node: TalosNode): void {
  const ask = (server: string) => {
    const now = timestampFromMs(node.world.time.now())
    return { messages: [{ server, localtime: now, remotetime: now }] }
  }
  router.service(TimeService, {
    time: () => ask(node.config?.timeServers[0] ?? DEFAULT_TIME_SERVER),
    timeCheck({ server }) {
      if (server === '') throw new ConnectError('ntp server is required', Code.InvalidArgument)
      return ask(server)
    },
  })
}
