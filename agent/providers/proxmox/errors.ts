import { ok, err, type Result } from '#core/base/result.ts'
import { problem, type Facts, type Problem, type ProblemCode } from '#core/model/problem.ts'
import type { CallFailure } from './http.ts'
import { typeOfTask } from './parse.ts'

/**
 * The only place that reads what Proxmox says. Almost every operational failure is a plain 500 with a text, and many
 * arrive only as the exit text of a task, so texts decide; each is pinned by a test with a recorded answer.
 *
 * Source: facts proxmox-behaviour.md "Texts worth matching", proxmox.md §1.9.
 */
interface TextRule {
  readonly text: RegExp
  readonly code: ProblemCode
  /** Names of the groups of `text`, in order. */
  readonly facts?: readonly string[]
}

/** The first that matches counts: the more special ones come first. */
const RULES: readonly TextRule[] = [
  { text: /(?:VM|CT) \d+ already exists on node '([^']+)'/, code: 'vmid-taken', facts: ['host'] },
  { text: /config file already exists/, code: 'vmid-taken' },
  { text: /Configuration file '[^']+' does not exist/, code: 'not-found' },
  { text: /unable to find configuration file for (?:VM|CT) \d+/, code: 'not-found' },
  { text: /VM is locked \(([^)]+)\)/, code: 'provider-busy', facts: ['lock'] },
  { text: /can't lock file '([^']+)' - got timeout/, code: 'provider-busy', facts: ['lock'] },
  { text: /cfs-lock '([^']+)' error: got lock request timeout/, code: 'provider-busy', facts: ['lock'] },
  { text: /checksum mismatch \(file change by other user\?\)/, code: 'provider-busy' },
  { text: /cluster not ready - no quorum|no quorum!/, code: 'provider-busy' },
  // A guest that HA or a person started or protected again between our look and the destruction.
  { text: /VM \d+ is running - destroy failed|can't remove .* - protection mode enabled/, code: 'still-settling' },
  // Says what it is before what it says: this 403 names no privilege.
  { text: /pool '([^']+)' does not exist/, code: 'permission-missing', facts: ['pool'] },
  { text: /Permission check failed \(([^,)]+), ([^)]+)\)/, code: 'permission-missing', facts: ['path', 'privilege'] },
  { text: /Permission check failed|[Oo]nly root (?:can|may)/, code: 'permission-missing' },
  {
    text: /hostname lookup '([^']+)' failed|no such cluster node '([^']+)'/,
    code: 'host-unknown',
    facts: ['host', 'host'],
  },
  { text: /storage '([^']+)' does not exist/, code: 'storage-missing', facts: ['storage'] },
  { text: /No such storage\./, code: 'storage-missing' },
  {
    text: /storage '([^']+)' is (?:disabled|not (?:online|available|active))/,
    code: 'storage-missing',
    facts: ['storage'],
  },
  { text: /unable to activate storage '([^']+)'/, code: 'storage-missing', facts: ['storage'] },
  {
    text: /storage '([^']+)' does not support (?:vm images|content-type '([^']+)')/,
    code: 'storage-missing',
    facts: ['storage', 'content'],
  },
  {
    text: /storage '([^']+)' is not configured for content-type '([^']+)'/,
    code: 'storage-missing',
    facts: ['storage', 'content'],
  },
  { text: /bridge '([^']+)' does not exist/, code: 'bridge-missing', facts: ['bridge'] },
  { text: /failed to stat '([^']+)'/, code: 'image-unavailable', facts: ['file'] },
  { text: /volume '([^']+:(?:import|iso)\/[^']+)' does not exist/, code: 'image-unavailable', facts: ['volume'] },
  { text: /No space left on device|not enough space|out of space|insufficient free space/i, code: 'no-capacity' },
  { text: /got no worker upid/, code: 'outcome-unknown' },
  { text: /too many redirections/, code: 'provider-unreachable' },
]

/** Statuses of the relay between nodes. 595 could not connect, so nothing began; after the others the work may be running. */
const RELAY_NOT_SENT = 595
const RELAY_NO_ANSWER: readonly number[] = [596, 597, 599, 502, 503, 504]

/** The problem of one failed call. A write without an answer is `outcome-unknown`: look before doing anything else. */
export function toProblem(failure: CallFailure): Problem {
  const call = `${failure.call.method} ${failure.call.path}`
  const unanswered: ProblemCode = failure.call.method === 'GET' ? 'provider-unreachable' : 'outcome-unknown'
  if (failure.kind === 'not-sent') return problem('provider-unreachable', { call, reason: failure.text })
  if (failure.kind === 'no-answer') return problem(unanswered, { call, reason: failure.text })

  const { status, reason, fields } = failure
  const facts: Facts = { call, status, reason, ...parameterFacts(fields) }
  if (status === RELAY_NOT_SENT) return problem('provider-unreachable', facts)
  if (RELAY_NO_ANSWER.includes(status)) return problem(unanswered, facts)
  if (status === 401) return problem('provider-unauthorized', facts)
  const known = matchText([reason, ...Object.values(fields)].join('\n'), facts)
  if (known) return known
  // Proxmox uses 500 for lasting and for passing conditions alike; the attempt budget (P10) ends the lasting ones.
  return status === 500 ? { ...problem('provider-refused', facts), retry: 'later' } : problem('provider-refused', facts)
}

const parameterFacts = (fields: Readonly<Record<string, string>>): Facts => {
  const parameters = Object.entries(fields).map(([field, text]) => `${field}: ${text}`)
  return parameters.length > 0 ? { parameters } : {}
}

function matchText(text: string, facts: Facts): Problem | undefined {
  for (const rule of RULES) {
    const match = rule.text.exec(text)
    if (!match) continue
    const named = (rule.facts ?? []).flatMap((name, index) => {
      const value = match[index + 1]
      return value === undefined ? [] : [[name, value] as const]
    })
    return problem(rule.code, { ...facts, ...Object.fromEntries(named) })
  }
  return undefined
}

/** A repeated task finds its work done: these ends are what was wanted, by type of task. */
const ALREADY_DONE: Readonly<Record<string, RegExp>> = {
  qmstart: /^VM \d+ already running$/,
  qmstop: /^VM \d+ not running$/,
  qmdestroy: /Configuration file '[^']+' does not exist|unable to find configuration file/,
  // Somebody brought the same file first; whether it is whole is looked at afterwards.
  download: /^refusing to override existing file /,
  resize: /^shrinking disks is not supported$/,
}

/**
 * How a task ended, from its exit text. `WARNINGS: n` is success. `unexpected status` means that the worker died with
 * its host or was killed: what it did is unknown.
 */
export function taskEnd(upid: string, exit: string, log: readonly string[] = []): Result<void, Problem> {
  if (exit === 'OK' || /^WARNINGS: \d+$/.test(exit)) return ok(undefined)
  const type = typeOfTask(upid)
  if (ALREADY_DONE[type]?.test(exit)) return ok(undefined)
  const facts = { task: upid, exit, ...(log.length > 0 ? { log } : {}) }
  if (exit === '' || exit === 'unexpected status') return err(problem('outcome-unknown', facts))
  // `qemu-img` and QEMU leave only an exit code behind; why it failed stands in the log alone.
  const known = matchText(exit, facts) ?? matchText(log.join('\n'), facts)
  if (type === 'download') return err(problem('image-unavailable', facts, known))
  return err(known ?? problem('task-failed', facts))
}

/** The guest is not on this host. With the least rights a missing guest looks forbidden instead: see `saysHidden`. */
export const saysAbsent = (failure: CallFailure): boolean =>
  failure.kind === 'refused' && toProblem(failure).code === 'not-found'

/** The host that was asked cannot be reached, or is no member any more; the rest of the cluster may know more. */
export const saysAway = (failure: CallFailure): boolean => {
  const { code } = toProblem(failure)
  return code === 'provider-unreachable' || code === 'host-unknown'
}

/** 403 on a guest: not there, still being made, or somebody else's. Pool rights reach a guest only while it is a member. */
export const saysHidden = (failure: CallFailure): boolean => failure.kind === 'refused' && failure.status === 403

/** The VMID is held by a guest, or by a creation that is under way and holds its lock. */
export const saysTaken = (failure: CallFailure): boolean =>
  failure.kind === 'refused' &&
  (toProblem(failure).code === 'vmid-taken' || /^unable to create VM \d+ - can't lock file /.test(failure.reason))

/** `GET /cluster/nextid?vmid=N` answers 400 for an id in use. */
export const saysIdInUse = (failure: CallFailure): boolean =>
  failure.kind === 'refused' && failure.status === 400 && /already exists/.test(failure.fields['vmid'] ?? '')

/** A host keeps about 2,000 ended tasks; an older one, or one lost with the host, is unknown. */
export const saysNoSuchTask = (failure: CallFailure): boolean =>
  failure.kind === 'refused' && failure.status === 400 && failure.fields['upid'] === 'no such task'

/**
 * An older host does not know this parameter or this key of a property string, and refused the call before it did
 * anything: it may be sent again without.
 */
export const saysUnknownParameter = (failure: CallFailure, name: string): boolean =>
  failure.kind === 'refused' &&
  failure.status === 400 &&
  Object.entries(failure.fields).some(
    ([field, text]) =>
      /property is not defined in schema/.test(text) && (field === name || text.includes(`.${name}: `)),
  )

/** No guest agent answers yet, or there is none to answer; asking again later may help. */
export const saysSilentGuest = (failure: CallFailure): boolean =>
  failure.kind === 'refused' &&
  failure.status === 500 &&
  /QEMU guest agent is not running|No QEMU guest agent configured|VM \d+ is not running/.test(failure.reason)

/** HA does not know the guest (any more). */
export const saysNotHaManaged = (failure: CallFailure): boolean =>
  failure.kind === 'refused' && failure.status === 500 && /not HA managed/.test(failure.reason)
