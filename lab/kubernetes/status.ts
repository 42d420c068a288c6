/** Kubernetes' way of saying no. */
export interface Status {
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

export const statusBody = (status: Status) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: status.code < 300 ? 'Success' : 'Failure',
  message: status.message,
  reason: status.reason,
  ...(status.details ? { details: status.details } : {}),
  code: status.code,
})

export const UNAUTHORIZED: Status = { code: 401, reason: 'Unauthorized', message: 'Unauthorized' }
export const NO_STORAGE: Status = {
  code: 500,
  reason: 'InternalError',
  message: 'rpc error: code = Unavailable desc = etcdserver: request timed out',
}
export const PAGE_NOT_FOUND: Status = {
  code: 404,
  reason: 'NotFound',
  message: 'the server could not find the requested resource',
}
export const notFound = (plural: string, name: string): Status => ({
  code: 404,
  reason: 'NotFound',
  message: `${plural} "${name}" not found`,
  details: { name, kind: plural },
})
export const conflict = (plural: string, name: string, wantedUid: string): Status => ({
  code: 409,
  reason: 'Conflict',
  message: `Operation cannot be fulfilled on ${plural} "${name}": the UID in the precondition (${wantedUid}) is not its own`,
  details: { name, kind: plural },
})
export const invalid = (message: string): Status => ({ code: 400, reason: 'BadRequest', message })
export const notAllowed: Status = {
  code: 405,
  reason: 'MethodNotAllowed',
  message: 'the server does not allow this method on the requested resource',
}
export const gone = (asked: number, oldest: number): Status => ({
  code: 410,
  reason: 'Expired',
  message: `too old resource version: ${asked} (${oldest})`,
})
