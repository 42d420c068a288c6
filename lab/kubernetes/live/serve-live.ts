import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { KubernetesCluster } from '../cluster.ts'
import { allows, type User } from '../rbac.ts'
import { notFound, statusBody, UNAUTHORIZED, type Status } from '../status.ts'
import { actingAs } from './acting-as.ts'
import { EXEC_PROTOCOL, serveAttach, serveExec } from './exec.ts'
import { serveLog } from './log.ts'
import { LivePods } from './pods.ts'
import { PORT_FORWARD_PROTOCOL, servePortForward } from './port-forward.ts'
import { findSubresource, type PodSubresource } from './subresource.ts'

/**
 * The parts of the API that are conversations: logs, exec, attach and port-forward. Everything else is answered
 * request by request (../answer.ts).
 */
export interface LiveApi {
  /** True when the request was one of these, and is answered. */
  serve(request: IncomingMessage, response: ServerResponse, caller: Caller): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller): void
}

/** Who asks, and as whom; nobody when the credential was not good. */
export interface Caller {
  readonly user: User | undefined
  readonly impersonate: User | undefined
}

const BEYOND_READING: Readonly<Record<PodSubresource['subresource'], string>> = {
  log: 'get',
  exec: 'create',
  attach: 'create',
  portforward: 'create',
}

const podsOf = new WeakMap<KubernetesCluster, LivePods>()

export function createLiveApi(cluster: KubernetesCluster, now: () => number): LiveApi {
  const pods = podsOf.get(cluster) ?? new LivePods()
  podsOf.set(cluster, pods)
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(EXEC_PROTOCOL) ? EXEC_PROTOCOL : false),
  })

  // The name of this one has a character that ws does not allow in one, so it is taken out of what ws reads.
  const forwards = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  forwards.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${PORT_FORWARD_PROTOCOL}`))

  function judge(asked: PodSubresource, caller: Caller) {
    const { namespace, name, subresource } = asked
    if (!caller.user) return { refused: UNAUTHORIZED }
    const user = actingAs(cluster.store, caller.user, caller.impersonate)
    if (!user)
      return { refused: { code: 403, reason: 'Forbidden', message: 'impersonation is not allowed' } satisfies Status }
    const wanted = { verb: BEYOND_READING[subresource], group: '', resource: `pods/${subresource}`, namespace, name }
    if (!allows(cluster.store, user, wanted))
      return {
        refused: {
          code: 403,
          reason: 'Forbidden',
          message: `pods "${name}" is forbidden: User "${user.name}" cannot ${wanted.verb} resource "${wanted.resource}" in API group "" in the namespace "${namespace}"`,
        } satisfies Status,
      }
    const pod = cluster.store.find('pods', name, namespace)
    return pod ? { pod } : { refused: notFound('pods', name) }
  }

  return {
    serve(request, response, caller) {
      const url = new URL(request.url ?? '/', 'https://kubernetes')
      const asked = findSubresource(url.pathname)
      if (!asked) return false
      const judged = judge(asked, caller)
      const refuse = (status: Status): void => {
        response.writeHead(status.code, { 'content-type': 'application/json' }).end(JSON.stringify(statusBody(status)))
      }
      if ('refused' in judged) refuse(judged.refused)
      else if (asked.subresource === 'log') serveLog(pods, judged.pod, url.searchParams, response, now)
      // SPDY, which is what a client falls back to.
      else refuse({ code: 400, reason: 'BadRequest', message: 'you must specify a WebSocket upgrade here' })
      return true
    },
    upgrade(request, socket, head, caller) {
      const url = new URL(request.url ?? '/', 'https://kubernetes')
      const asked = findSubresource(url.pathname)
      const judged = asked ? judge(asked, caller) : { refused: notFound('path', url.pathname) }
      const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
      if ('refused' in judged) return refuseUpgrade(socket, judged.refused)
      const { 'sec-websocket-protocol': offered, ...headers } = request.headers
      const offers = offered?.split(',').some((name) => name.trim() === PORT_FORWARD_PROTOCOL) === true
      if (isWebSocket && asked?.subresource === 'portforward' && offers) {
        request.headers = headers
        return forwards.handleUpgrade(request, socket, head, (webSocket) => {
          webSocket.on('error', () => undefined)
          servePortForward(webSocket, judged.pod)
        })
      }
      if (!isWebSocket || !asked || asked.subresource === 'log' || asked.subresource === 'portforward')
        return refuseUpgrade(socket, { code: 400, reason: 'BadRequest', message: 'this upgrade is not served here' })
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('error', () => undefined)
        if (asked.subresource === 'exec') serveExec(webSocket, pods, judged.pod, url.searchParams)
        else serveAttach(webSocket, pods, judged.pod, now)
      })
    },
  }
}

function refuseUpgrade(socket: Duplex, status: Status): void {
  const body = JSON.stringify(statusBody(status))
  socket.end(
    `HTTP/1.1 ${status.code} ${status.reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
