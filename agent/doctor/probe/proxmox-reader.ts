import { errors } from 'undici'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import type { Problem } from '#core/model/problem.ts'
import type { Dialer } from '../../dialer.ts'
import { createHttp, DialError } from '../../http.ts'
import { toProblem } from '../../providers/proxmox/errors.ts'
import { toRow, toText } from '../../providers/proxmox/parse.ts'

/**
 * Reads the Proxmox API for the doctor: GET only, so that looking can never change anything; each question asked once and
 * its answer remembered; the whole answer kept, because staged changes and the server's time stand beside the data.
 */
export interface Answer {
  readonly data: unknown
  /** Staged, not yet applied changes, which `GET /nodes/{node}/network` tells beside its data. */
  readonly changes: string | undefined
}

export type Query = Readonly<Record<string, string | number>>

export interface Reader {
  read(path: string, query?: Query): Promise<Result<Answer, Problem>>
  close(): Promise<void>
}

export interface ReaderAccess {
  /** Asked in this order until one answers. */
  readonly endpoints: readonly string[]
  readonly tokenId: string
  readonly tokenSecret: Secret<string>
  readonly caPem?: string | undefined
  /** SHA-256 of leaves that are trusted instead of any authority. */
  readonly fingerprints?: readonly string[] | undefined
}

/** A call that hangs on a dead NFS server must not hold up the rest; healthy ones take a tenth of a second. */
const READ_LIMIT_MS = 12_000
/** A proxy of Proxmox closes a connection after 100 requests, in the middle of nothing. */
const MAX_REQUESTS_PER_CONNECTION = 90

export function createReader(access: ReaderAccess, dialer: Dialer, limitMs = READ_LIMIT_MS): Reader {
  const http = createHttp(dialer, {
    tls: { ca: access.caPem, fingerprints: access.fingerprints },
    timeoutMs: limitMs,
    maxRequests: MAX_REQUESTS_PER_CONNECTION,
  })
  const authorization = `PVEAPIToken=${access.tokenId}=${access.tokenSecret.reveal()}`
  const asked = new Map<string, Promise<Result<Answer, Problem>>>()

  async function ask(endpoint: string, path: string, target: string): Promise<Result<Answer, Problem> | 'not-sent'> {
    const call = { method: 'GET', path } as const
    try {
      const { origin } = new URL(endpoint)
      const answer = await http.request({ origin, path: target, method: 'GET', headers: { authorization } })
      const body = toRow(parseJson(await answer.body.text()))
      if (answer.statusCode === 200) return ok({ data: body['data'], changes: toText(body['changes']) })
      const reason = answer.statusText || (toText(body['message']) ?? '').trim()
      const fields = Object.fromEntries(
        Object.entries(toRow(body['errors'])).map(([field, text]) => [field, toText(text) ?? '']),
      )
      return err(toProblem({ kind: 'refused', call, status: answer.statusCode, reason, fields }))
    } catch (error) {
      if (error instanceof DialError) return 'not-sent'
      const text = error instanceof Error ? error.message : String(error)
      return err(toProblem({ kind: 'no-answer', call, text, hungUp: error instanceof errors.SocketError }))
    }
  }

  async function readAnywhere(path: string, query: Query): Promise<Result<Answer, Problem>> {
    const form = new URLSearchParams(
      Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
    ).toString()
    const target = `/api2/json${path}${form === '' ? '' : `?${form}`}`
    for (const endpoint of access.endpoints) {
      const answer = await ask(endpoint, path, target)
      if (answer !== 'not-sent') return answer
    }
    const text = 'no endpoint could be reached or trusted'
    return err(toProblem({ kind: 'not-sent', call: { method: 'GET', path }, text }))
  }

  return {
    read(path, query = {}) {
      const key = `${path} ${JSON.stringify(query)}`
      const known = asked.get(key) ?? readAnywhere(path, query)
      asked.set(key, known)
      return known
    },
    close: () => http.close(),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
