import { createHash } from 'node:crypto'
import { chmodSync, rmSync, statSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Environment } from '../config/load-config.ts'
import type { Logger } from '../log.ts'
import { parseJson, readText } from '../read-body.ts'
import { CREDENTIAL_KINDS, type CredentialKind, type Desk, type DeskStatus } from './desk.ts'

/**
 * The desk of a running service, on a Unix socket that only its own user can open: small HTTP, because both ends and
 * curl speak it. Never on the network.
 */

/** The kernel's limit for a socket path is 107 bytes. */
const MAX_SOCKET_PATH = 100
const MAX_BODY_CHARS = 4_096
/** A status of a thousand operations, with room. */
const MAX_ANSWER_CHARS = 1024 * 1024
const TIMEOUT_MS = 30_000

/** In the state directory; when that lies too deep for a socket, in a runtime directory under a name made from it. */
export function deskSocketPath(stateDir: string, env: Environment): string {
  const path = join(resolve(stateDir), 'agent.sock')
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path
  const name = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 16)
  return join(env['XDG_RUNTIME_DIR'] ?? tmpdir(), `lanline-agent-${name}.sock`)
}

const IssueRequest = z.strictObject({ what: z.enum(CREDENTIAL_KINDS), cluster: z.string().max(64) })

const AdmitRequest = z.strictObject({ fingerprint: z.string().max(64) })

/** Serves the desk. The caller has the journal, so a socket that is already there belongs to a process that is gone. */
export function serveDesk(desk: Desk, path: string, log: Logger): Promise<Server> {
  rmSync(path, { force: true })
  const server = createServer({ requestTimeout: TIMEOUT_MS }, (incoming, response) => {
    answer(desk, incoming, response).catch((thrown: unknown) => {
      log.error({ event: 'desk.threw', err: thrown })
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  return new Promise((resolveServer, reject) => {
    const umask = process.umask(0o177)
    server.once('error', reject)
    server.listen(path, () => {
      chmodSync(path, 0o600)
      resolveServer(server)
    })
    process.umask(umask)
  })
}

async function answer(desk: Desk, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const say = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  if (incoming.method === 'GET' && incoming.url === '/status') return say(200, desk.status())
  if (incoming.method !== 'POST' || !['/credentials', '/admit'].includes(incoming.url ?? ''))
    return say(404, { error: 'not found' })
  const body = await readText(incoming, MAX_BODY_CHARS)
  if (incoming.url === '/admit') {
    const wish = AdmitRequest.safeParse(body === undefined ? undefined : parseJson(body))
    if (!wish.success) return say(400, { error: z.prettifyError(wish.error) })
    const admitted = await desk.admit(wish.data.fingerprint)
    return admitted.ok ? say(200, { bundles: admitted.value }) : say(409, { error: admitted.error })
  }
  const asked = IssueRequest.safeParse(body === undefined ? undefined : parseJson(body))
  if (!asked.success) return say(400, { error: z.prettifyError(asked.error) })
  const issued = await desk.issue(asked.data.what, asked.data.cluster)
  if (issued.ok) return say(200, { text: issued.value.reveal() })
  return say(409, { error: issued.error })
}

/** Asks the running service. `undefined`: no service is running here. */
export async function askDesk<S extends z.ZodType>(
  path: string,
  question: { readonly method: 'GET' | 'POST'; readonly url: string; readonly body?: unknown },
  schema: S,
): Promise<Result<z.infer<S>, string> | undefined> {
  const owner = statSync(path, { throwIfNoEntry: false })?.uid
  if (owner === undefined) return undefined
  // In a shared directory anyone could have put a socket there.
  if (owner !== process.getuid?.() && owner !== 0) return err(`${path} belongs to another user (uid ${owner})`)
  const answered = await new Promise<{ status: number; text: string } | Error>((resolveAnswer) => {
    const asking = request(
      { socketPath: path, path: question.url, method: question.method, timeout: TIMEOUT_MS, host: 'localhost' },
      (incoming) => {
        readText(incoming, MAX_ANSWER_CHARS)
          .then((text = '') => resolveAnswer({ status: incoming.statusCode ?? 0, text }))
          .catch(resolveAnswer)
      },
    )
    asking.on('timeout', () => asking.destroy(new Error('no answer in time')))
    asking.on('error', resolveAnswer)
    asking.end(question.body === undefined ? undefined : JSON.stringify(question.body))
  })
  if (answered instanceof Error) {
    const gone = 'code' in answered && (answered.code === 'ECONNREFUSED' || answered.code === 'ENOENT')
    return gone ? undefined : err(`${path}: ${answered.message}`)
  }
  const body = parseJson(answered.text)
  if (answered.status !== 200) {
    const failure = z.object({ error: z.string() }).safeParse(body)
    return err(failure.success ? failure.data.error : `the agent answered ${answered.status}`)
  }
  const read = schema.safeParse(body)
  return read.success ? ok(read.data) : err('the agent answered something else; is it another version?')
}

export const statusQuestion = { method: 'GET', url: '/status' } as const
/** Printed as it comes: the fields are for people. */
export const StatusAnswer = z.custom<DeskStatus>((value) => typeof value === 'object' && value !== null)

export const credentialsQuestion = (what: CredentialKind, cluster: string) =>
  ({ method: 'POST', url: '/credentials', body: { what, cluster } }) as const
export const CredentialsAnswer = z.object({ text: z.string() })
