/**
 * Joins two URLs part by part: what the right one leaves out stays as it was. So a patch that gives a URL without a path
 * keeps the old path, as it does upstream.
 *
 * Source: Talos merges the fields of Go's `url.URL`.
 */
export function mergeUrls(left: string, right: string): string {
  const [old, now] = [split(left), split(right)]
  if (!old || !now) return right === '' ? left : right
  const pick = (part: keyof UrlParts) => now[part] || old[part]
  // Go keeps what follows a scheme without a slash in a part of its own, which wins over host and path.
  const opaque = pick('opaque')
  const host = pick('host')
  const user = pick('user')
  const authority = host || user ? `//${user ? `${user}@` : ''}${host}` : ''
  const path = pick('path')
  const slash = authority && path && !path.startsWith('/') ? '/' : ''
  const scheme = pick('scheme')
  const query = pick('query')
  const fragment = pick('fragment')
  return `${scheme ? `${scheme}:` : ''}${opaque || `${authority}${slash}${path}`}${query ? `?${query}` : ''}${fragment ? `#${fragment}` : ''}`
}

interface UrlParts {
  readonly scheme: string
  readonly opaque: string
  readonly user: string
  readonly host: string
  readonly path: string
  readonly query: string
  readonly fragment: string
}

/** RFC 3986, appendix B, with the authority taken apart. */
function split(url: string): UrlParts | undefined {
  const match =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/.exec(url)
  if (!match) return undefined
  const [, scheme = '', user = '', host = '', path = '', query = '', fragment = ''] = match
  const rootless = scheme !== '' && host === '' && path !== '' && !path.startsWith('/')
  return { scheme, user, host, path: rootless ? '' : path, opaque: rootless ? path : '', query, fragment }
}
