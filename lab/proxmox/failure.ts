/**
 * A refusal as Proxmox words it: the HTTP status, the reason phrase, and for a 400 the text per parameter. Handlers and
 * workers throw it; the HTTP door makes an answer of it, a task its exit text.
 */
export class Failure extends Error {
  readonly status: number
  readonly errors: Readonly<Record<string, string>> | undefined
  constructor(status: number, reason: string, errors?: Readonly<Record<string, string>>) {
    super(reason)
    this.status = status
    this.errors = errors
  }
}

/** The plain 500 with a text that almost every operational failure is. */
export const failed = (reason: string): Failure => new Failure(500, reason)

export const badParameters = (errors: Readonly<Record<string, string>>): Failure =>
  new Failure(400, 'Parameter verification failed.', errors)

/** 403; `what` is usually `path, privilege`. */
export const forbidden = (what?: string): Failure =>
  new Failure(403, what === undefined ? 'Permission check failed' : `Permission check failed (${what})`)

export const notConfigured = (node: string, vmid: number): Failure =>
  failed(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`)

/** The text a task ends with: a 403 met inside a worker carries its number, other failures do not. */
export const exitTextOf = (cause: unknown): string => {
  if (cause instanceof Failure) return cause.status === 403 ? `403 ${cause.message}` : cause.message
  return cause instanceof Error ? cause.message : String(cause)
}
