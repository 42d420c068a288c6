import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem, type ProblemCode } from '#core/model/problem.ts'
import type { MachineFound, MachineRef, MachineSight } from '../providers/provider.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext } from './handler.ts'
import { cancelled, runTaskStep, waitFor, waitForTask } from './waiting.ts'

/**
 * The guest of a machine goes from its host, and what it left behind is cleared away or told.
 *
 *   P7   Stopped and destroyed only while its UUID and MAC prove it ours; volumes are deleted only when they were its own.
 *
 * It is looked for again after every step, because a guest may be moved, started or locked by others at any time: by a
 * person, a backup, or the availability manager. Answers what could not be cleared away.
 */
export async function removeGuest(
  deps: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<readonly string[], Problem>> {
  const settled = await waitForCreationToEnd(deps, input, context)
  if (!settled.ok) return settled

  let place: MachineRef = input
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const sight = await settledSight(deps, input, context)
    if (!sight.ok) return sight
    switch (sight.value.state) {
      case 'absent':
        // Volumes are told apart by VMID alone, so they are only touched while nobody holds it.
        return clearLeftovers(deps, place, context)
      case 'foreign': {
        // Neither UUID nor MAC is ours: our machine is gone and its place was given to somebody else.
        const { guest } = sight.value
        if (!guest.macs.includes(input.mac.toUpperCase())) return ok([])
        return err(
          problem('not-ours', { host: guest.host, vmid: input.vmid, name: guest.name, uuid: guest.uuid ?? 'none' }),
        )
      }
      case 'present': {
        const { host, vmid } = sight.value.machine
        place = { machineId: input.machineId, host, vmid, mac: input.mac }
        const gone = await stopAndDestroy(deps, place, sight.value.machine, context)
        if (!gone.ok && !MOVED.has(gone.error.code)) return gone
      }
    }
  }
  return err(problem('still-settling', { host: place.host, vmid: place.vmid, rounds: MAX_ROUNDS }))
}

type Input = OperationInput<'machine.remove'>

/** A guest that is moved or started again each time it was about to go is somebody's doing; the next attempt asks again. */
const MAX_ROUNDS = 4
const AWAY: ReadonlySet<ProblemCode> = new Set(['provider-unreachable', 'host-unknown'])
/** The guest was somewhere else, or in another state, than a moment before: look again. */
const MOVED: ReadonlySet<ProblemCode> = new Set(['not-found', 'still-settling', 'outcome-unknown'])
const RELEASE = 'release-from-ha'
const STOP = { name: 'stop', stepClass: 'idempotent', limitMs: 60_000 } as const
const DESTROY = { name: 'destroy', stepClass: 'irreversible', limitMs: 2 * 60_000 } as const
/** The availability manager acts on what it is asked within some rounds of 10 s. */
const OFF = { what: 'the machine to be off', limitMs: 3 * 60_000, everyMs: 2_000 }
const UNPROTECTED = { what: 'the guest to lose its protection', limitMs: 60_000, everyMs: 2_000 }
/** A creation under way cannot be interrupted safely; its end is waited for. */
const CREATION_LIMIT_MS = 10 * 60_000
const READABLE = { what: 'the machine to be gone', limitMs: 60_000, everyMs: 2_000 }

async function stopAndDestroy(
  deps: HandlerDeps,
  ref: MachineRef,
  found: MachineFound,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const { provider } = deps
  // What is its own is known only as long as it has a configuration.
  context.steps.intend(VOLUMES, 'read')
  context.steps.rememberHandle(VOLUMES, JSON.stringify([...found.volumes, ...found.media]))

  context.progress('stopping')
  const released = found.haManaged ? await releaseFromHa(deps, found, context) : undefined
  const stopped = await runTaskStep(context, provider, STOP, () => provider.startPowerOff(ref))
  if (!stopped.ok) return locked(stopped, found)
  const off = await waitUntilOff(deps, ref, context)
  if (!off.ok) return released && !released.ok ? err({ ...off.error, cause: released.error }) : off
  const cancelledNow = cancelled(context)
  if (cancelledNow) return cancelledNow

  const bare = await unprotect(deps, ref, context)
  if (!bare.ok) return locked(bare, found)
  context.progress('destroying')
  const destroyed = await runTaskStep(context, provider, DESTROY, async () => {
    const started = await provider.startDestruction(ref)
    // Started or protected again since we looked: the next round begins from the beginning.
    return !started.ok && started.error.code === 'still-settling' ? ok(undefined) : started
  })
  return locked(destroyed, found)
}

/** A lock that outlived a long wait was left behind, or is a long task of somebody's: what can be done about it is said. */
const locked = <T>(step: Result<T, Problem>, { lock }: MachineFound): Result<T, Problem> =>
  step.ok || lock === undefined
    ? step
    : err(problem('provider-busy', { lock: lock.name, run: lock.remedy }, step.error))

/** Without the right to it the availability manager is only asked to stop the guest, which takes it a while. */
async function releaseFromHa(
  { provider }: HandlerDeps,
  found: MachineFound,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  context.steps.intend(RELEASE, 'idempotent')
  const released = await provider.releaseFromHa(found)
  if (released.ok) context.steps.done(RELEASE)
  return released
}

async function waitUntilOff(
  { provider }: HandlerDeps,
  ref: MachineRef,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const off = await waitFor(context, OFF, async () => {
    const sight = await provider.look(ref)
    if (!sight.ok) return sight
    if (sight.value.state !== 'present') return ok('gone' as const)
    return ok(sight.value.machine.running ? undefined : ('off' as const))
  })
  return off.ok ? ok(undefined) : off
}

/** A protection that we set ourselves must not outlive the wish for the machine. */
async function unprotect(
  { provider }: HandlerDeps,
  ref: MachineRef,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const bare = await waitFor(context, UNPROTECTED, async () => {
    const sight = await provider.look(ref)
    if (!sight.ok) return sight
    if (sight.value.state !== 'present' || !sight.value.machine.protected) return ok('bare' as const)
    context.steps.intend('unprotect', 'idempotent')
    const set = await provider.setProtection(sight.value.machine, false)
    return set.ok || set.error.code === 'outcome-unknown' ? ok(undefined) : set
  })
  return bare.ok ? ok(undefined) : bare
}

/** What is there, once it is more than half made or half gone. */
async function settledSight(
  { provider }: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<Exclude<MachineSight, { state: 'unclear' }>, Problem>> {
  let remedy: string | undefined
  const sight = await waitFor(context, READABLE, async () => {
    const now = await provider.look(input)
    if (!now.ok) return now
    remedy = now.value.state === 'unclear' ? now.value.remedy : undefined
    return ok(now.value.state === 'unclear' ? undefined : now.value)
  })
  if (sight.ok || sight.error.code !== 'deadline-passed' || remedy === undefined) return sight
  // Half made by a host that died, or somebody else's that we may not read: only a person can tell.
  return err(problem('not-ours', { host: input.host, vmid: input.vmid, reason: 'unreadable', run: remedy }))
}

async function waitForCreationToEnd(
  { provider }: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const running = await provider.findRunningCreation(input)
  // A host that is away makes nothing; whether the machine is there or elsewhere is looked at next.
  if (!running.ok && !AWAY.has(running.error.code)) return running
  if (!running.ok || running.value === undefined) return ok(undefined)
  context.progress('waiting for the creation to end')
  const ended = await waitForTask(context, provider, running.value, {
    what: 'the creation to end',
    limitMs: CREATION_LIMIT_MS,
  })
  // How it ended does not matter: what is there now is removed.
  return !ended.ok && (ended.error.code === 'cancelled' || ended.error.code === 'deadline-passed')
    ? ended
    : ok(undefined)
}

const VOLUMES = 'volumes'

/**
 * Deletes what is certainly the machine's: disks that its configuration named, and the CD with its identity in the name.
 * Anything else under its VMID is told and left: the number may have been somebody else's once. So is what the agent has
 * no right to delete.
 */
async function clearLeftovers(
  { provider }: HandlerDeps,
  ref: MachineRef,
  context: HandlerContext,
): Promise<Result<readonly string[], Problem>> {
  const own: ReadonlySet<unknown> = new Set(JSON.parse(context.steps.handleOf(VOLUMES) ?? '[]') as unknown[])
  const left = await provider.listLeftovers(ref)
  if (!left.ok) return ok([`storages of ${ref.host}: nobody could look for leftovers (${left.error.code})`])
  const remaining = left.value.silent.map((storage) => `storage ${storage}: it did not tell what lies on it`)
  for (const volumeId of left.value.volumeIds) {
    const isOwn = own.has(volumeId) || volumeId.includes(ref.machineId)
    const deleted = isOwn ? await provider.deleteLeftover(ref, volumeId) : undefined
    if (!deleted?.ok) remaining.push(`volume ${volumeId}`)
  }
  return ok(remaining)
}
