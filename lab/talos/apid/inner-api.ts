import {
  Code,
  ConnectError,
  createRouterTransport,
  type ConnectRouter,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from '@connectrpc/connect'
import { callerKey, checkRoles } from './roles.ts'

/** The same API of a node without a socket, for control planes that speak for it. The caller's roles come in a header. */
export interface InnerApi {
  call(request: UnaryRequest | StreamRequest, header: Headers): Promise<UnaryResponse | StreamResponse>
}

export const ROLES_HEADER = 'talos-role'

/** A reply of the outer door's own; what is said in it comes from elsewhere. */
export const replyTo = (method: UnaryRequest['method'] | StreamRequest['method']) => ({
  service: method.parent,
  method,
  header: new Headers({ 'content-type': 'application/grpc+proto' }),
  trailer: new Headers({ 'grpc-status': '0' }),
})

const readRoles: Interceptor = (next) => (request) => {
  const roles = (request.header.get(ROLES_HEADER) ?? '').split(',')
  request.contextValues.set(callerKey, { roles: new Set(roles), maintenance: false })
  return next(request)
}

/** `signal` ends with the node's power: who looks through another node sees a broken connection then. */
export function innerApi(routes: (router: ConnectRouter) => void, signal: AbortSignal): InnerApi {
  const transport = createRouterTransport(routes, { router: { interceptors: [readRoles, checkRoles] } })
  const gone = (error: unknown) =>
    signal.aborted ? new ConnectError('error reading from server: EOF', Code.Unavailable) : error
  return {
    async call(request, header) {
      const until = AbortSignal.any([request.signal, signal])
      // The headers of the inner reply are those of its own transport and stay here.
      const reply = replyTo(request.method)
      try {
        if (!request.stream) {
          const { message } = await transport.unary(request.method, until, undefined, header, request.message)
          return { ...reply, stream: false, message } as UnaryResponse
        }
        const { message } = await transport.stream(request.method, until, undefined, header, request.message)
        return { ...reply, stream: true, message: translated(message, gone) } as StreamResponse
      } catch (error) {
        throw gone(error)
      }
    },
  }
}

async function* translated<T>(items: AsyncIterable<T>, toError: (error: unknown) => unknown): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    throw toError(error)
  }
}
