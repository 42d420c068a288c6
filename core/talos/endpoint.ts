/**
 * Why a text is no address of a Kubernetes API that Talos takes; undefined when it is one. A path is allowed, as upstream
 * allows it. The text itself is kept: nothing is added to it and nothing taken away.
 *
 * Source: Go `net/url` and siderolabs/net v0.4.0 `ValidateEndpointURI`, which Talos 1.12 to 1.14 ask.
 */
export function endpointFault(text: string): string | undefined {
  const match = URL_PARTS.exec(text)
  // Controls and blanks are in no URL that Go reads; a percent sign begins two hexadecimal digits.
  if (!match || /[\p{Cc} ]/u.test(text) || /%(?![0-9a-f]{2})/i.test(text)) return 'is no URL'
  const { scheme = '', authority = '' } = match.groups ?? {}
  if (scheme.toLowerCase() !== 'https') return 'does not begin with https://'
  const host = HOST_AND_PORT.exec(authority.slice(authority.lastIndexOf('@') + 1))
  if (!host) return 'has no host that can be read'
  const { name = '', port = '' } = host.groups ?? {}
  if (name === '' || name === '[]') return 'has no host'
  if (port !== '' && (Number(port) < 1 || Number(port) > MAX_PORT)) return `has a port beyond ${MAX_PORT}`
  return undefined
}

const MAX_PORT = 65535
const URL_PARTS = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<authority>[^/?#]*)/i
/** An IPv6 address is in brackets; everything else has no colon but that of its port. */
const HOST_AND_PORT = /^(?<name>\[[0-9a-f:.]*(?:%25[^\]]+)?\]|[^:[\]<>"\\^`{|}]*)(?::(?<port>\d*))?$/i
