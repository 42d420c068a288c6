/**
 * The two cookies of a browser: the session, and the memory of a login that is under way. `__Host-` ties them to this
 * very host and to https; no script reads them.
 */
export const SESSION_COOKIE = '__Host-lanline'
export const LOGIN_COOKIE = '__Host-lanline-login'

/** A name appears once or the header was put together by somebody else. */
export function readCookie(request: Request, name: string): string | undefined {
  const found = (request.headers.get('Cookie') ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
  return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined
}

/** Lax: the browser comes back from the provider's site and must be known at once. Writing is guarded at the door. */
export const setCookie = (name: string, value: string, maxAgeS: number): string =>
  `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${maxAgeS}`
