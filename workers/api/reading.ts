/** A request that changes nothing and opens nothing. */
export const isReading = (request: Request): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') && !request.headers.has('Upgrade')
