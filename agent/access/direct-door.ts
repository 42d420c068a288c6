import { randomBytes } from 'node:crypto'
import { request, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import {
  DirectRequest,
  encodeHead,
  readHead,
  RecordReader,
  type DirectRequest as Asked,
  type HeaderPairs,
} from '#core/lane/direct.ts'
import { asksToImpersonate, fromCluster, isIntoPods, kubeStatus, toCluster } from '#core/lane/direct-headers.ts'
import { sayProblem } from '#core/model/problem.ts'
import type { ChannelPass } from '#core/protocol/frame-payloads.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import { GROUP_OF } from '#core/talos/cluster-access.ts'
import type { Dialer } from '../dialer.ts'
import { dialTarget } from '../lane/targets.ts'
import type { Logger } from '../log.ts'
import type { ReaderIdentities } from '../observe/reader-identities.ts'
import { joinMessages } from './join-messages.ts'

/**
 * Direct access: one HTTP request of a person whom the cloud has let in, made by the agent in that person's name. The agent
 * alone says who it is, by impersonation; nothing of that kind that a client writes is passed on (rule L9).
 */
export interface DirectDeps {
  readonly watches: () => readonly WatchPut[]
  readonly dialer: Dialer
  readonly identities: Pick<ReaderIdentities, 'kubernetes'>
  readonly log: Logger
}

const SERVER_NAME = 'kubernetes.default.svc'
/** A head comes at once or not at all. */
const HEAD_MS = 15_000

export function createDirectDoor(
  deps: DirectDeps,
): (connection: Duplex, clusterUid: string, pass: ChannelPass) => void {
  return (connection, clusterUid, pass) => {
    connection.on('error', () => undefined)
    const reader = new RecordReader()
    const late = setTimeout(() => connection.destroy(), HEAD_MS)
    const onData = (piece: Buffer): void => {
      reader.push(piece)
      const record = reader.next()
      if (record === undefined) return
      clearTimeout(late)
      connection.off('data', onData)
      connection.pause()
      const asked = record === 'too-long' ? undefined : readHead(DirectRequest, record)
      if (!asked) return void connection.destroy()
      const rest = reader.rest()
      if (rest.byteLength > 0) connection.unshift(Buffer.from(rest))
      serve(deps, connection, clusterUid, pass, asked).catch((thrown: unknown) => {
        deps.log.error({ event: 'direct.threw', err: thrown })
        connection.destroy()
      })
    }
    connection.on('data', onData)
    connection.once('close', () => clearTimeout(late))
  }
}

async function serve(
  deps: DirectDeps,
  connection: Duplex,
  clusterUid: string,
  pass: ChannelPass,
  asked: Asked,
): Promise<void> {
  const refuse = (code: number, reason: string, message: string): void => {
    const body = JSON.stringify(kubeStatus(code, reason, message))
    connection.write(encodeHead({ status: code, headers: [['content-type', 'application/json']] }))
    connection.end(body)
    connection.resume()
  }
  if (asksToImpersonate(asked.headers))
    return refuse(403, 'Forbidden', 'direct access does not impersonate; use lanline kubeconfig, whose tunnel does')
  if (pass.role === 'reader' && isIntoPods(asked.path))
    return refuse(403, 'Forbidden', 'a reader may not run anything inside a pod')
  const watch = deps.watches().find((known) => known.clusterUid === clusterUid)
  if (!watch) return refuse(503, 'ServiceUnavailable', 'the agent of the site knows no such cluster')
  const identity = await deps.identities.kubernetes(clusterUid, watch.secretsVersion)
  if (!identity.ok) return refuse(503, 'ServiceUnavailable', sayProblem(identity.error))
  const dialled = await dialTarget({ kind: 'kube', clusterUid }, deps.watches(), deps.dialer)
  if (!dialled.ok) return refuse(503, 'ServiceUnavailable', dialled.error.text)

  const { ca, cert, key } = identity.value
  const socket = connect({ socket: dialled.value, servername: SERVER_NAME, ca, cert, key: key.reveal() })
  const upgrade = asked.headers.some(([name, value]) => name === 'upgrade' && value.toLowerCase() === 'websocket')
  const asking = request({
    method: asked.method,
    path: asked.path,
    host: SERVER_NAME,
    headers: Object.fromEntries([
      ...toCluster(asked.headers),
      ...(upgrade ? upgradeHeaders() : []),
      ['impersonate-user', `lanline:${pass.subject}`],
      ['impersonate-group', GROUP_OF[pass.role]],
      ...(pass.source === '' ? [] : [['x-forwarded-for', pass.source]]),
      ['via', '1.1 lanline'],
    ] as HeaderPairs),
    createConnection: () => socket,
  })
  socket.on('error', (error) => asking.destroy(error))
  // A request that was upgraded is over for its maker; the connection under it is not.
  connection.once('close', () => socket.destroy())
  socket.once('close', () => dialled.value.destroy())
  asking.on('error', (error) =>
    connection.writableEnded ? connection.destroy() : refuse(503, 'ServiceUnavailable', error.message),
  )
  asking.on('response', (response) => {
    connection.write(encodeHead({ status: response.statusCode ?? 502, headers: fromCluster(pairsOf(response)) }))
    response.pipe(connection)
    response.once('error', () => connection.destroy())
  })
  asking.on('upgrade', (response, upgraded, head) => {
    connection.write(encodeHead({ status: 101, headers: fromCluster(pairsOf(response)) }))
    joinMessages(connection, upgraded, head)
  })
  if (upgrade) asking.end()
  else connection.pipe(asking)
}

const upgradeHeaders = (): HeaderPairs => [
  ['connection', 'Upgrade'],
  ['upgrade', 'websocket'],
  ['sec-websocket-version', '13'],
  ['sec-websocket-key', randomBytes(16).toString('base64')],
]

const pairsOf = ({ rawHeaders }: IncomingMessage): HeaderPairs =>
  Array.from({ length: rawHeaders.length / 2 }, (_, index) => [
    (rawHeaders[index * 2] ?? '').toLowerCase(),
    rawHeaders[index * 2 + 1] ?? '',
  ])
