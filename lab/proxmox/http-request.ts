import type { IncomingMessage } from 'node:http'
import { Failure, badParameters, failed } from './failure.ts'
import { readMultipart } from './multipart.ts'
import type { Upload } from './route.ts'

/** Reading a request: its path and everything that was sent as parameters. */
const MAX_BODY_BYTES = 512 * 1024
/** The real host spools uploads to its disk; here they are in memory, and an installer image fits. */
const MAX_UPLOAD_BYTES = 512 * 1024 ** 2
const PREFIX = /^\/api2\/(json|extjs)(?=\/|$)/

export interface ApiRequest {
  readonly method: string
  /** Below `/api2/json`, without a trailing slash. */
  readonly path: string
  /** `extjs` answers are always 200 with the status inside. */
  readonly form: 'json' | 'extjs'
  readonly sent: ReadonlyMap<string, string>
  readonly upload?: Upload
}

/** Throws a Failure for what the HTTP layer itself refuses. */
export async function readRequest(request: IncomingMessage): Promise<ApiRequest> {
  const method = request.method ?? 'GET'
  const url = new URL(request.url ?? '/', 'https://host')
  const raw = decodeURIComponent(url.pathname)
  if (!['GET', 'POST', 'PUT', 'DELETE'].includes(method)) throw new Failure(501, `method '${method}' not available`)
  const prefix = PREFIX.exec(raw)
  if (!prefix) throw new Failure(501, `Method '${method} ${raw}' not implemented`)
  const sent = new Map<string, string>()
  for (const [name, value] of url.searchParams) add(sent, name, value)
  const path = raw.slice(prefix[0].length).replace(/\/+$/, '')
  const form = prefix[1] === 'extjs' ? 'extjs' : 'json'
  const type = request.headers['content-type'] ?? ''
  if (method === 'POST' && type.startsWith('multipart/form-data') && path.endsWith('/upload'))
    return { method, path, form, sent, ...(await readUpload(request, type, sent)) }
  const body = (await readBody(request, method, MAX_BODY_BYTES)).toString('utf8')
  if (body.length > 0) for (const [name, value] of parseBody(request, body)) add(sent, name, value)
  return { method, path: path === '' ? '/' : path, form, sent }
}

/** The length must be known before; the daemon reads no chunked uploads. */
async function readUpload(
  request: IncomingMessage,
  type: string,
  sent: Map<string, string>,
): Promise<{ upload?: Upload }> {
  if (request.headers['content-length'] === undefined) throw new Failure(501, 'chunked transfer encoding not supported')
  const multipart = readMultipart(type, await readBody(request, 'POST', MAX_UPLOAD_BYTES))
  if (!multipart) throw new Failure(400, 'multipart body is malformed')
  for (const [name, value] of multipart.fields) add(sent, name, value)
  if (!multipart.file) return {}
  sent.set('filename', multipart.file.filename)
  return { upload: multipart.file }
}

/** A repeated name is a list. */
function add(sent: Map<string, string>, name: string, value: string): void {
  const before = sent.get(name)
  sent.set(name, before === undefined ? value : `${before},${value}`)
}

async function readBody(request: IncomingMessage, method: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array)
    size += bytes.length
    if (size > maxBytes) throw new Failure(501, 'for data too large')
    chunks.push(bytes)
  }
  if (size > 0 && (method === 'GET' || method === 'DELETE'))
    throw new Failure(501, `Unexpected content for method '${method}'`)
  return Buffer.concat(chunks)
}

function parseBody(request: IncomingMessage, body: string): Iterable<readonly [string, string]> {
  const type = request.headers['content-type'] ?? ''
  if (type.startsWith('application/json')) return parseJson(body)
  if (type.startsWith('application/x-www-form-urlencoded') || type === '') return new URLSearchParams(body)
  throw new Failure(506, `upload 'Content-Type '${type}' not implemented`)
}

function parseJson(body: string): (readonly [string, string])[] {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw failed(`malformed JSON string, at character offset 0 at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 934.`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw failed('Not a HASH reference at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 978.')
  return Object.entries(value)
    .filter(([, member]) => member !== null)
    .map(([name, member]) => [name, asText(name, member)] as const)
}

function asText(name: string, member: unknown): string {
  if (typeof member === 'boolean') return member ? '1' : '0'
  if (typeof member === 'string' || typeof member === 'number') return String(member)
  if (Array.isArray(member)) return member.map((item) => asText(name, item)).join(',')
  throw badParameters({ [name]: "type check ('string') failed - got 'HASH'" })
}
