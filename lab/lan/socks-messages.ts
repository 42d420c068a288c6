import { err, ok, type Result } from '#core/base/result.ts'

/** The few messages of SOCKS5 (RFC 1928) that the LAN's entry speaks: no authentication, CONNECT only. */
export const REPLY = {
  succeeded: 0,
  generalFailure: 1,
  hostUnreachable: 4,
  connectionRefused: 5,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const
export type ReplyCode = (typeof REPLY)[keyof typeof REPLY]

export const NO_AUTHENTICATION = Uint8Array.of(5, 0)
export const NO_ACCEPTABLE_METHOD = Uint8Array.of(5, 0xff)

/** How many bytes a message took, and what it said; `need-more` when it is not complete yet. */
export type Parsed<T> = { readonly taken: number; readonly value: T } | 'need-more'

/** The greeting: whether "no authentication" is among the offered methods. */
export function parseGreeting(bytes: Uint8Array): Result<Parsed<{ anonymous: boolean }>, string> {
  const [version, count] = bytes
  if (version !== undefined && version !== 5) return err(`SOCKS version ${version} is not spoken here`)
  if (count === undefined || bytes.length < 2 + count) return ok('need-more')
  return ok({ taken: 2 + count, value: { anonymous: bytes.subarray(2, 2 + count).includes(0) } })
}

export interface ConnectRequest {
  readonly host: string
  readonly port: number
}

/** The request; an error is the reply code to refuse it with. */
export function parseRequest(bytes: Uint8Array): Result<Parsed<ConnectRequest>, ReplyCode> {
  const [version, command, , addressType, first] = bytes
  if (version !== undefined && version !== 5) return err(REPLY.generalFailure)
  if (command !== undefined && command !== 1) return err(REPLY.commandNotSupported)
  if (addressType === undefined || first === undefined) return ok('need-more')
  if (addressType !== 1 && addressType !== 3) return err(REPLY.addressTypeNotSupported)
  const hostStart = addressType === 1 ? 4 : 5
  const hostEnd = hostStart + (addressType === 1 ? 4 : first)
  const [high, low] = bytes.subarray(hostEnd, hostEnd + 2)
  if (high === undefined || low === undefined) return ok('need-more')
  const hostBytes = bytes.subarray(hostStart, hostEnd)
  const host = addressType === 1 ? hostBytes.join('.') : Buffer.from(hostBytes).toString('latin1')
  return ok({ taken: hostEnd + 2, value: { host, port: high * 256 + low } })
}

/** A reply; the bound address is of no use to anybody and stays zero. */
export const replyBytes = (code: ReplyCode): Uint8Array => Uint8Array.of(5, code, 0, 1, 0, 0, 0, 0, 0, 0)
