/** A request that changes nothing and opens nothing. */
export const isReading = (request: Request): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') && !request.headers.has('Upgrade')

/**
 * Whether a page of ours asked, as far as the browser says. What browsers bring along by themselves counts for nothing
 * without it. Source: Fetch Metadata, W3C; every browser of today sends at least one of the two with a write.
 */
export function askedBy(request: Request): 'own-page' | 'another-site' | 'no-browser' {
  const site = request.headers.get('Sec-Fetch-Site')
  const origin = request.headers.get('Origin')
  if (site === null && origin === null) return 'no-browser'
  const own =
    (site ?? 'same-origin') === 'same-origin' && (origin ?? new URL(request.url).origin) === new URL(request.url).origin
  return own ? 'own-page' : 'another-site'
}
