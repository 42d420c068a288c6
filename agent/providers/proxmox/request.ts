import { errors, type Dispatcher } from 'undici'
import { err, ok, type Result } from '#core/base/result.ts'
import { DialError } from '../../http.ts'
import { noAnswer, type Call, type CallFailure } from './http.ts'
import { toRow, toText } from './parse.ts'

/**
 * One request, and an honest account of how it ended: refused with a text, never sent, or sent without an answer that
 * can be read. A success without `data` is no answer: an empty list made of a broken page would read as a site that
 * lost everything.
 *
 * Source: facts proxmox-behaviour.md "HTTP layer"; proxmox.md §1.6 for uploads.
 */
export type Params = Readonly<Record<string, string | number | undefined>>

/** A file, and the fields that Proxmox wants to read before it. */
export interface Upload {
  readonly fields: Readonly<Record<string, string>>
  readonly fileName: string
  readonly file: Uint8Array
}

export interface Outgoing extends Call {
  readonly content: Params | Upload
  readonly timeoutMs: number
}

export const isUpload = (content: Params | Upload): content is Upload => content['file'] instanceof Uint8Array

export async function send(
  http: Dispatcher,
  endpoint: URL,
  { method, path, content, timeoutMs }: Outgoing,
  authorization: string,
): Promise<Result<unknown, CallFailure>> {
  const call = { method, path }
  // A body on GET or DELETE is a 501; their parameters go into the query.
  const inBody = method === 'POST' || method === 'PUT'
  const { type, body } = isUpload(content) ? multipart(content) : { type: FORM, body: formOf(content) }
  const query = !inBody && body.length > 0 ? `?${String(body)}` : ''
  try {
    const answer = await http.request({
      origin: endpoint.origin,
      path: `/api2/json${path}${query}`,
      method,
      headers: { authorization, ...(inBody ? { 'content-type': type } : {}) },
      body: inBody ? body : null,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
    const said = toRow(parseJson(await answer.body.text()))
    if (answer.statusCode === 200 && 'data' in said) return ok(said['data'])
    if (answer.statusCode === 200) return err(noAnswer(call, 'the answer is not one of Proxmox'))
    return err({
      kind: 'refused',
      call,
      status: answer.statusCode,
      reason: answer.statusText || (toText(said['message']) ?? '').trim(),
      fields: fieldsOf(said['errors']),
    })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    if (error instanceof DialError)
      return err({ kind: 'not-sent', call, text: error.untrusted ? `${endpoint.host}: ${UNTRUSTED}` : text })
    return err({ kind: 'no-answer', call, text, hungUp: error instanceof errors.SocketError || isReset(error) })
  }
}

const UNTRUSTED =
  'its certificate is from an authority that the agent was not given; copy /etc/pve/pve-root-ca.pem from the host and name it in proxmox.caFile'

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')

const FORM = 'application/x-www-form-urlencoded'

function formOf(params: Params): string {
  const form = new URLSearchParams()
  for (const [key, value] of Object.entries(params)) if (value !== undefined) form.append(key, String(value))
  return form.toString()
}

/** Cannot occur in what we send: field values are short words and the file is ours. */
const BOUNDARY = 'lanline-7f1c2b9e5a0d4836'

/**
 * In one piece, so that it has a Content-Length: chunked uploads die at once. The fields stand before the file, which is
 * the part `filename` and begins with its Content-Disposition.
 */
function multipart({ fields, fileName, file }: Upload): { readonly type: string; readonly body: Buffer } {
  const head = Object.entries(fields).map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const before = `${head.join('')}--${BOUNDARY}\r\nContent-Disposition: form-data; name="filename"; filename="${fileName}"\r\nContent-Type: application/octet-stream\r\n\r\n`
  return {
    type: `multipart/form-data; boundary=${BOUNDARY}`,
    body: Buffer.concat([Buffer.from(before), file, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A 401 has no body at all; the reason phrase tells everything.
    return undefined
  }
}

const fieldsOf = (errors: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(toRow(errors)).map(([field, text]) => [field, (toText(text) ?? '').trim()]))
