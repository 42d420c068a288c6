import { create, type DescMessage, type Message } from '@bufbuild/protobuf'
import {
  Code,
  ConnectError,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from '@connectrpc/connect'
import { invariant } from '#core/base/invariant.ts'
import type { TalosNode } from '../node.ts'
import { MetadataSchema, type Metadata } from '../proto/common_pb.js'
import { callerKey } from './roles.ts'
import { mergeStreams } from './merge-streams.ts'
import { replyTo, ROLES_HEADER, type InnerApi } from './inner-api.ts'

/**
 * A control plane speaks for other nodes of its cluster. The header `node` names one of them, and any call goes
 * through as it is; `nodes` names several, and their replies come as one, each with the name of who gave it. Workers
 * and nodes in maintenance mode speak for themselves only. Source: apid's director in Talos 1.13.
 */

/** Services whose replies have room for the names of several nodes. */
const MANY = new Set([
  'machine.MachineService',
  'cluster.ClusterService',
  'inspect.InspectService',
  'storage.StorageService',
  'time.TimeService',
])

export function forwarding(node: TalosNode): Interceptor {
  return (next) => async (request) => {
    const one = valuesOf(request.header.get('node'))
    const many = valuesOf(request.header.get('nodes'))
    if (one.length > 1) throw new ConnectError('node metadata must be single-valued', Code.InvalidArgument)
    const forwards = node.config?.controlPlane !== undefined && node.secured
    const local = (targets: readonly string[]) => targets.length === 1 && isOwn(node, targets[0] ?? '')
    if (many.length > 0 && !(local(many) && !forwards)) {
      if (!MANY.has(request.method.parent.typeName))
        throw new ConnectError(
          `one-2-many proxying is not supported for method /${request.method.parent.typeName}/${request.method.name}`,
          Code.InvalidArgument,
        )
      if (!forwards) throw new ConnectError('no request forwarding', Code.PermissionDenied)
      return request.stream ? streamFromMany(node, request, many) : askMany(node, request, many)
    }
    const [target] = one
    if (target === undefined || isOwn(node, target)) return next(request)
    if (!forwards) throw new ConnectError('no request forwarding', Code.PermissionDenied)
    return pass(request, findTarget(node, target))
  }
}

/** Repeated metadata arrive joined by commas. */
const valuesOf = (header: string | null): readonly string[] =>
  (header ?? '')
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '')

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1'])

/** Whether the target is the node itself, by its name, one of its addresses, or the way a caller on it would say. */
const isOwn = (node: TalosNode, target: string): boolean =>
  target === node.hostname ||
  LOOPBACK.has(target) ||
  node.links.some((link) => link.addresses.some((address) => address.startsWith(`${target}/`)))

/** The API of a node by address or name, as the LAN leads there at this moment. */
function findTarget(node: TalosNode, target: string): InnerApi {
  if (node.apid && isOwn(node, target)) return node.apid.inner
  const named = [...(node.cluster?.nodes ?? [])].find((other) => other.hostname === target)
  const route = node.world.lan.route(named?.address ?? target, APID_PORT)
  const found =
    route.kind === 'service'
      ? [...node.world.nodes.values()].find((other) => other.apidPort === route.loopbackPort)
      : undefined
  if (found?.apid && found.secured && found.cluster === node.cluster) return found.apid.inner
  const why = found?.apid ? 'authentication handshake failed' : 'connect: no route to host'
  throw new ConnectError(
    `connection error: desc = "transport: Error while dialing: dial tcp ${target}:${APID_PORT}: ${why}"`,
    Code.Unavailable,
  )
}

const APID_PORT = 50_000

/** The call goes on with the caller's roles, as an impersonator's does. */
function pass(request: UnaryRequest | StreamRequest, target: InnerApi): Promise<UnaryResponse | StreamResponse> {
  const header = new Headers(request.header)
  for (const name of ['node', 'nodes', 'grpc-timeout', 'te', 'content-type']) header.delete(name)
  header.set(ROLES_HEADER, [...request.contextValues.get(callerKey).roles].join(','))
  return target.call(request, header)
}

async function askMany(node: TalosNode, request: UnaryRequest, targets: readonly string[]): Promise<UnaryResponse> {
  const { output } = request.method
  const answers = await Promise.all(
    targets.map(async (target): Promise<readonly Message[]> => {
      try {
        const answer = await pass(request, findTarget(node, target))
        return answer.stream ? [] : itemsOf(answer.message).map((item) => labelled(item, target))
      } catch (error) {
        return [withError(itemSchema(output), target, error)]
      }
    }),
  )
  const message = Object.assign(create(output), { messages: answers.flat() })
  return { ...replyTo(request.method), stream: false, message } as UnaryResponse
}

async function streamFromMany(
  node: TalosNode,
  request: StreamRequest,
  targets: readonly string[],
): Promise<StreamResponse> {
  // A stream from the caller is read once and told to all.
  const sent: Message[] = []
  for await (const message of request.message) sent.push(message)
  /** A stream of chunks has a name in each; the one answer to a stream of chunks has a list, as unary calls do. */
  const { output } = request.method
  const label = (message: Message, target: string): Message => {
    if (!('messages' in output.field)) return labelled(message, target)
    return Object.assign(create(output), { messages: itemsOf(message).map((item) => labelled(item, target)) })
  }
  const failure = (target: string, error: unknown): Message =>
    'messages' in output.field
      ? Object.assign(create(output), { messages: [withError(itemSchema(output), target, error)] })
      : withError(output, target, error)
  const streams = targets.map(async function* (target): AsyncGenerator<Message> {
    try {
      const replayed = { ...request, message: replay(sent) } as StreamRequest
      const answer = await pass(replayed, findTarget(node, target))
      if (answer.stream) for await (const message of answer.message) yield label(message, target)
    } catch (error) {
      if (!request.signal.aborted) yield failure(target, error)
    }
  })
  return { ...replyTo(request.method), stream: true, message: mergeStreams(streams) } as StreamResponse
}

async function* replay<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

/** The items of a reply; every aggregated reply is a list of them in its first field. */
const itemsOf = (message: Message): readonly Message[] => (message as Message & { messages: Message[] }).messages

const itemSchema = (output: DescMessage): DescMessage => {
  const item = output.field['messages']?.message
  invariant(item, `${output.typeName} is a list of messages`)
  return item
}

type Labelled = Message & { metadata?: Metadata }

/** The message with the name of who said it. */
function labelled(message: Message, hostname: string): Message {
  const { error = '' } = (message as Labelled).metadata ?? {}
  return Object.assign(message, { metadata: create(MetadataSchema, { hostname, error }) })
}

function withError(schema: DescMessage, hostname: string, error: unknown): Message {
  const { code, rawMessage } = ConnectError.from(error)
  const status = { code, message: rawMessage }
  const text = `rpc error: code = ${Code[code]} desc = ${rawMessage}`
  return Object.assign(create(schema), { metadata: create(MetadataSchema, { hostname, error: text, status }) })
}
