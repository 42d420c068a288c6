import { parseIpv4 } from '#core/base/ipv4.ts'

/** Named text formats of the API. Each answers undefined for a good value, else what follows `invalid format - `. */
type Format = (value: string) => string | undefined

const matching =
  (pattern: RegExp, problem: string): Format =>
  (value) =>
    pattern.test(value) ? undefined : `${problem}\n`

const isIpv4 = (value: string): boolean => parseIpv4(value).ok
const isIpv6 = (value: string): boolean => value.includes(':') && /^[0-9a-fA-F:.]+$/.test(value)

export const node = matching(/^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/, 'value does not look like a valid node name')
export const vmid = matching(/^[1-9][0-9]{2,8}$/, 'value does not look like a valid VM ID')
export const storageId: Format = (value) =>
  /^[a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]$/.test(value)
    ? undefined
    : `storage ID '${value}' contains illegal characters\n`
export const poolId = matching(/^[A-Za-z0-9.\-_]+(\/[A-Za-z0-9.\-_]+)*$/, 'value does not look like a valid pool ID')
export const userId: Format = (value) =>
  /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+$/.test(value)
    ? undefined
    : `value '${value}' does not look like a valid user name\n`
export const roleId = matching(/^[A-Za-z0-9.\-_]+$/, 'value does not look like a valid role')
export const groupId = matching(/^[A-Za-z0-9.\-_]+$/, 'value does not look like a valid group')
export const realm = matching(/^[A-Za-z][A-Za-z0-9.\-_]+$/, 'value does not look like a valid realm')
export const dnsName = matching(
  /^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/,
  'value does not look like a valid DNS name',
)
/** The second digit says unicast: even. */
export const macAddress = matching(
  /^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$/,
  'value does not look like a valid unicast MAC address',
)
export const ipv4: Format = (value) => (isIpv4(value) ? undefined : 'value does not look like a valid ipv4 address\n')
export const ipv6: Format = (value) => (isIpv6(value) ? undefined : 'value does not look like a valid ipv6 address\n')
export const ipv4Config: Format = (value) => {
  if (value === 'dhcp') return undefined
  const [address = '', prefix = '', ...rest] = value.split('/')
  const good =
    rest.length === 0 && isIpv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= 32
  return good ? undefined : 'value does not look like a valid ipv4 network configuration\n'
}
export const ipv6Config: Format = (value) => {
  if (value === 'dhcp' || value === 'auto') return undefined
  const [address = '', prefix = ''] = value.split('/')
  return isIpv6(address) && /^\d{1,3}$/.test(prefix)
    ? undefined
    : 'value does not look like a valid ipv6 network configuration\n'
}
export const tagList: Format = (value) =>
  splitList(value).every((tag) => /^[a-z0-9_][a-z0-9_\-+.]*$/i.test(tag)) ? undefined : 'invalid characters in tag\n'
export const configId: Format = (value) =>
  /^[a-zA-Z][a-zA-Z0-9_-]+$/.test(value) ? undefined : `invalid configuration ID '${value}'\n`
export const urlEncoded: Format = (value) =>
  /^[-%a-zA-Z0-9_.!~*'()]*$/.test(value) ? undefined : `invalid urlencoded string: ${value}\n`

/** Lists in parameters may be split by comma, semicolon, blank or NUL. */
export const splitList = (value: string): string[] => value.split(/[\0\s,;]+/).filter((item) => item !== '')
