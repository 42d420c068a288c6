/** The routes for anyone: how one logs in, and the login itself. A test holds this list and the routes together. */
export const PUBLIC: ReadonlySet<string> = new Set([
  'GET /v1/login',
  'GET /v1/login/browser',
  'GET /v1/login/callback',
  'POST /v1/sessions',
])
