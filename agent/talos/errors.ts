import { Code, ConnectError } from '@connectrpc/connect'
import { problem, type Facts, type Problem } from '#core/model/problem.ts'

/**
 * The one place where what Talos and its transport say becomes a Problem. Texts are matched here and nowhere else.
 *
 * Source of codes and texts: Talos v1.12.11, v1.13.9 and v1.14.0-rc.1; facts talos.md §2.3, §4.1 to 4.3, §5.
 */

/** Why a connection never came to carry a request. Whatever was asked has certainly not happened. */
export type DialFailureKind =
  | 'unreachable'
  /** The clocks of agent and node differ so much that a certificate is not valid yet or any more. */
  | 'clock-skewed'
  | 'untrusted'
  | 'certificate-required'
  | 'not-talos'
  /** In maintenance: the machine shows another certificate than it did first. */
  | 'restarted'
  /** In maintenance: the machine shows another key than the one a person read off its console. */
  | 'other-key'

export class DialFailure extends Error {
  readonly kind: DialFailureKind
  constructor(kind: DialFailureKind, cause?: unknown) {
    super(`could not connect: ${kind}`, { cause })
    this.kind = kind
  }
}

/** What a call does to the node decides what a lost answer means. */
export type CallKind = 'read' | 'effect'

export interface Call {
  /** As in `Bootstrap`; goes into the facts. */
  readonly name: string
  readonly kind: CallKind
  readonly address: string
}

/** Reasons are shown to people: the first line says what is wrong, the rest may quote a configuration. */
const MAX_REASON_CHARS = 300
/** Error chains in Node and connect are at most four deep; a longer one would be a loop. */
const MAX_CAUSES = 8

/** The server's certificate is not what our authority signs. Source: Node.js TLS error codes (OpenSSL X509 names). */
const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** The server wants a client certificate, or another one. TLS 1.3 says so only after the handshake looked finished. */
const CERTIFICATE_ALERTS = new Set([
  'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  'ERR_SSL_TLS_ALERT_UNKNOWN_CA',
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
  'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
])

/** Both sides only use fresh certificates, so a date that does not fit is a clock that does not. NTP mends it. */
const CLOCK = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED'])

/** Codes with which the transport ends a call by itself; the node may or may not have acted. */
const LOST = new Set([Code.Canceled, Code.DeadlineExceeded, Code.Aborted, Code.Unavailable, Code.Internal])

/** A failure while connecting, as far as error codes tell it apart. */
export function dialFailureOf(cause: unknown): DialFailure {
  const codes = causesOf(cause).map(codeOf)
  if (codes.some((code) => CLOCK.has(code))) return new DialFailure('clock-skewed', cause)
  if (codes.some((code) => UNTRUSTED.has(code))) return new DialFailure('untrusted', cause)
  if (codes.some((code) => CERTIFICATE_ALERTS.has(code))) return new DialFailure('certificate-required', cause)
  if (codes.some((code) => code.startsWith('ERR_SSL_'))) return new DialFailure('not-talos', cause)
  return new DialFailure('unreachable', cause)
}

/** Why a call found no connection; undefined when the call reached the node, or may have. */
export function dialFailureIn(error: unknown): DialFailure | undefined {
  for (const cause of causesOf(error)) {
    if (cause instanceof DialFailure) return cause
    const code = codeOf(cause)
    if (CERTIFICATE_ALERTS.has(code) || CLOCK.has(code)) return dialFailureOf(cause)
  }
  return undefined
}

/** The call's own time limit ended it. */
export const ranOutOfTime = (error: unknown): boolean => ConnectError.from(error).code === Code.DeadlineExceeded

/** A question for a kind of resource that this Talos does not have. */
export function isUnknownResourceType(error: unknown): boolean {
  const { code, rawMessage } = ConnectError.from(error)
  return code === Code.PermissionDenied && /resource type .* is not supported/.test(rawMessage)
}

/** Everything a failed call can mean. `aborted`: the caller itself gave up. */
export function talosProblem(error: unknown, call: Call, aborted: boolean): Problem {
  const facts: Facts = { address: call.address, call: call.name }
  const dial = dialFailureIn(error)
  if (dial) return dialProblem(dial, facts)

  const { code, rawMessage } = ConnectError.from(error)
  const reason = firstLine(rawMessage)
  const known = knownRefusal(code, rawMessage)
  if (known) return problem(known, { ...facts, reason })
  if (LOST.has(code)) {
    if (call.kind === 'effect') return problem('outcome-unknown', { ...facts, reason })
    return aborted ? problem('cancelled', facts) : problem('node-unreachable', { ...facts, reason })
  }
  // Unknown is what a plain Go error becomes: the node answered, but an effect may have been half done.
  if (code === Code.Unknown && call.kind === 'effect') return problem('outcome-unknown', { ...facts, reason })
  return problem('check-failed', { ...facts, check: call.name, reason })
}

/** Bootstrap on a node that has etcd data. */
export const isAlreadyBootstrapped = (error: unknown): boolean => ConnectError.from(error).code === Code.AlreadyExists

/** A resource, a file or an etcd member that is not there. */
export const isAbsent = (error: unknown): boolean => ConnectError.from(error).code === Code.NotFound

/** A file that is not there, said by the node's kernel. */
export const isMissingFile = (error: unknown): boolean =>
  isAbsent(error) || /no such file or directory/.test(ConnectError.from(error).rawMessage)

/** A watch that cannot be taken up where it was left: the node has forgotten, or was started again. */
export const isForgottenBookmark = (error: unknown): boolean =>
  ConnectError.from(error).code === Code.FailedPrecondition

/** Nothing came for so long that the connection counts as dead. */
export const stalled = (limitMs: number): ConnectError =>
  new ConnectError(`nothing came for ${limitMs} ms`, Code.DeadlineExceeded)

/** What a node says about another one in its place, as an error of the call. Source: facts talos.md §4.1. */
export const replyError = (said: string, code: number | undefined): ConnectError =>
  new ConnectError(said, code === undefined || code === 0 ? Code.Unknown : code)

/**
 * An installer that ended with another exit code than zero. Its last lines tell whether it refused the versions, which no
 * repetition changes, or failed.
 */
export function installerProblem(exitCode: number, lines: readonly string[], facts: Facts): Problem {
  const output = lines.map((line) => line.slice(0, MAX_REASON_CHARS))
  const refused = lines.some((line) => UNFIT_VERSION.test(line))
  return problem(refused ? 'upgrade-refused' : 'upgrade-failed', { ...facts, exitCode, output })
}

export function dialProblem({ kind }: DialFailure, facts: Facts): Problem {
  switch (kind) {
    case 'unreachable':
    case 'clock-skewed':
    case 'restarted':
      return problem('node-unreachable', { ...facts, reason: kind })
    case 'untrusted':
    case 'certificate-required':
      return problem('node-unauthorized', { ...facts, reason: kind })
    case 'not-talos':
    case 'other-key':
      return problem('node-foreign', { ...facts, reason: kind })
  }
}

/** What an installer says of versions that do not follow each other; a configuration is refused with the same words. Source: pkg/machinery/compatibility/talos_version.go, kubernetes_version.go. */
const UNFIT_VERSION =
  /host version .* is too (?:old to upgrade|new to downgrade)|is too (?:old|new) to be used with Talos/

/**
 * What Talos says when it refuses, in the order in which it is looked for. Each is said before anything was done.
 * Source: internal/app/machined/internal/server/v1alpha1/v1alpha1_server.go, internal/app/lifecycle, internal/app/images,
 * internal/pkg/etcd/etcd.go of the versions named above.
 */
const REFUSALS: readonly (readonly [RegExp, Problem['code']])[] = [
  [/bootstrap is not available yet|time is not in sync yet|bootstrap is not allowed during/, 'bootstrap-not-ready'],
  [/etcd service is not ready for recovery yet/, 'recovery-not-ready'],
  // 1.12 says the second of bootstrap, later ones the first of everything about etcd.
  [/is only available on control plane nodes|can only be performed on a control plane node/, 'config-refused'],
  [/can't be generated on worker nodes/, 'config-refused'],
  // Of a configuration, of an installation, and of the check before an upgrade, which holds a lock in etcd.
  [/already in progress|already applied and node is rebooting|failed to acquire upgrade mutex/, 'still-settling'],
  [/machine is not installed/, 'upgrade-refused'],
  [/error pulling image|error validating installer image|not found in containerd store/, 'image-unavailable'],
  [/error validating etcd for upgrade|cannot forfeit leadership, only one member/, 'etcd-quorum-at-risk'],
  [/etcdserver: unhealthy cluster|etcdserver: re-configuration failed/, 'etcd-quorum-at-risk'],
]

/** Refusals with a meaning of their own; each says that nothing was done. */
function knownRefusal(code: Code, said: string): Problem['code'] | undefined {
  const known = REFUSALS.find(([text]) => text.test(said))
  if (known) return known[1]
  if (code === Code.Unauthenticated || code === Code.PermissionDenied) return 'node-unauthorized'
  // In maintenance mode Talos 1.12 knows only what is needed to get out of it.
  if (code === Code.Unimplemented) return 'node-unauthorized'
  // Also "etcd is not configured, bootstrap is not possible": the node was configured as something else.
  if (code === Code.InvalidArgument) return 'config-refused'
  return undefined
}

function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = []
  for (let cause = error; cause instanceof Error && causes.length < MAX_CAUSES; cause = cause.cause) causes.push(cause)
  return causes
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').slice(0, MAX_REASON_CHARS)
