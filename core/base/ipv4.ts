import { err, ok, type Result } from './result.ts'

/** One octet. A leading zero is refused, because some programs read it as octal and others do not. */
const OCTET = '(0|[1-9]\\d{0,2})'
const IPV4 = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`)

/** An IPv4 address as a number, 0 … 2^32 − 1. */
export function parseIpv4(text: string): Result<number, string> {
  const match = IPV4.exec(text)
  const octets = match?.slice(1).map(Number) ?? []
  if (octets.length !== 4 || octets.some((octet) => octet > 255)) return err(`"${text}" is not an IPv4 address`)
  return ok(octets.reduce((value, octet) => value * 256 + octet, 0))
}

export const formatIpv4 = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')

export interface Ipv4Range {
  readonly first: number
  readonly last: number
}

export interface Ipv4Cidr extends Ipv4Range {
  readonly prefix: number
}

/** `192.168.1.0/24` → its first and last address; host bits must be zero, so that a typo is not silently masked. */
export function parseIpv4Cidr(text: string): Result<Ipv4Cidr, string> {
  const [addressText = '', prefixText = '', ...rest] = text.split('/')
  const address = parseIpv4(addressText)
  const prefix = Number(prefixText)
  if (!address.ok || rest.length > 0 || !/^\d{1,2}$/.test(prefixText) || prefix < 8 || prefix > 30)
    return err(`"${text}" is not an IPv4 network; write it like 192.168.1.0/24, with a prefix of 8 to 30`)
  const size = 2 ** (32 - prefix)
  const first = Math.floor(address.value / size) * size
  if (first !== address.value) return err(`"${text}" has host bits set; the network is ${formatIpv4(first)}/${prefix}`)
  return ok({ first, last: first + size - 1, prefix })
}

/** `192.168.1.2-192.168.1.19` or a single address. */
export function parseIpv4Range(text: string): Result<Ipv4Range, string> {
  const [firstText = '', lastText = firstText, ...rest] = text.split('-')
  const first = parseIpv4(firstText)
  const last = parseIpv4(lastText)
  if (!first.ok || !last.ok || rest.length > 0)
    return err(`"${text}" is not an address range; write it like 192.168.1.2-192.168.1.19`)
  if (last.value < first.value) return err(`"${text}" ends before it begins`)
  return ok({ first: first.value, last: last.value })
}

export const rangeContains = (range: Ipv4Range, address: number): boolean =>
  address >= range.first && address <= range.last
