import { invariant } from '#core/base/invariant.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { diskImageFileName } from '#core/talos/schematic.ts'
import type { MachineFound, MachineRef, NewMachine } from '../providers/provider.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext, OperationHandler } from './handler.ts'
import { cancelled, runTaskStep, waitFor, waitForTask } from './waiting.ts'

/**
 * Brings one virtual machine into being, powered off, exactly once.
 *
 *   O20  A machine is looked for by its own UUID before one is made; the VMID lets the host make only one; a creation
 *        whose answer was lost is adopted by its task, never started beside it.
 *
 * Safe to run again after a crash at any line. Problems: address-in-use, task-failed, provider-unreachable (later);
 * vmid-taken, not-ours, permission-missing (never); outcome-unknown (look-again).
 */
export const createMachine =
  (deps: HandlerDeps): OperationHandler<'machine.create'> =>
  async (input, context) => {
    const machine = await bringIntoBeing(deps, input, context)
    if (!machine.ok) return machine

    context.progress('setting tags')
    const tagged = await setTags(deps, input, context, machine.value)
    if (!tagged.ok) return tagged

    context.progress('growing the disk')
    const grown = await runTaskStep(context, deps.provider, RESIZE, async () => {
      const found = await findOurs(deps, input)
      return found.ok ? deps.provider.startResize(found.value, systemDiskGiB(input)) : found
    })
    if (!grown.ok) return grown

    // Report what exists, not what was asked for.
    const made = await findOurs(deps, input)
    if (!made.ok) return made
    if ((made.value.diskGiB ?? 0) < systemDiskGiB(input))
      return err(problem('outcome-unknown', { vmid: made.value.vmid, diskGiB: made.value.diskGiB ?? 0 }))
    return ok({ vmid: made.value.vmid })
  }

type Input = OperationInput<'machine.create'>

const systemDiskGiB = (input: Input): number => input.hardware.disks[0]?.sizeGiB ?? 0
const refOf = ({ machineId, host, vmid, hardware }: Input): MachineRef => ({
  machineId,
  host,
  vmid,
  mac: hardware.nics[0]?.mac,
})

/** The import of a 1 GiB image onto a slow disk, behind another one on the same storage. */
const CREATION_LIMIT_MS = 15 * 60_000
/** From the end of a creation until the guest can be read; also how long an unreadable guest may stay one. */
const SETTLE = { what: 'the machine to be there', limitMs: 30_000, everyMs: 1_000 }
const RESIZE = { name: 'resize', stepClass: 'idempotent', limitMs: 60_000 } as const
/** A second call is for a lost answer that did nothing; more would hide something. */
const MAX_CREATIONS = 3

async function bringIntoBeing(
  deps: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<MachineFound, Problem>> {
  const { provider } = deps
  const { steps, progress } = context
  let creations = 0
  let lastUnclear = false

  const known = steps.handleOf('create')
  if (known !== undefined) {
    const ended = await waitForCreation(deps, context, known)
    if (!ended.ok) return ended
  }
  const settled = await waitFor(context, SETTLE, async () => {
    const sight = await provider.look(refOf(input))
    if (!sight.ok) return sight
    lastUnclear = sight.value.state === 'unclear'
    switch (sight.value.state) {
      case 'present':
        return ok(sight.value.machine)
      case 'foreign':
        return err(
          problem('vmid-taken', { host: sight.value.guest.host, vmid: input.vmid, name: sight.value.guest.name }),
        )
      case 'unclear': {
        const running = await provider.findRunningCreation(refOf(input))
        if (!running.ok) return running
        if (running.value === undefined) return ok(undefined)
        steps.intend('create', 'keyed-create')
        steps.rememberHandle('create', running.value)
        const ended = await waitForCreation(deps, context, running.value)
        return ended.ok ? ok(undefined) : ended
      }
      case 'absent': {
        if (++creations > MAX_CREATIONS) return err(problem('outcome-unknown', { host: input.host, vmid: input.vmid }))
        const free = await checkAddress(deps, input, context)
        if (!free.ok) return free
        progress('creating')
        steps.intend('create', 'keyed-create')
        const started = await provider.startCreation(toNewMachine(input))
        // Taken, or no answer: perhaps by our own call. What is there decides.
        if (!started.ok) return LOOK_AGAIN.has(started.error.code) ? ok(undefined) : started
        steps.rememberHandle('create', started.value)
        const ended = await waitForCreation(deps, context, started.value)
        return ended.ok ? ok(undefined) : ended
      }
    }
  })
  if (!settled.ok) {
    // Half made by a host that died, or somebody else's that we may not read: only a person can tell.
    const stuck = settled.error.code === 'deadline-passed' && lastUnclear
    return stuck ? err(problem('not-ours', { host: input.host, vmid: input.vmid, reason: 'unreadable' })) : settled
  }
  steps.intend('create', 'keyed-create')
  steps.done('create', `${settled.value.host}/${settled.value.vmid}`)
  return settled
}

const LOOK_AGAIN: ReadonlySet<string> = new Set(['vmid-taken', 'outcome-unknown'])

/** A task that cannot tell how it ended leaves the answer to the next look. */
async function waitForCreation(
  deps: HandlerDeps,
  context: HandlerContext,
  handle: string,
): Promise<Result<void, Problem>> {
  const ended = await waitForTask(context, deps.provider, handle, { what: 'the creation', limitMs: CREATION_LIMIT_MS })
  return !ended.ok && ended.error.code === 'outcome-unknown' ? ok(undefined) : ended
}

/** A machine that does not exist yet cannot answer: whoever does is somebody else. */
async function checkAddress(
  { addresses }: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const [address = ''] = (input.hardware.nics[0]?.addressCidr ?? '').split('/')
  context.progress('checking the address')
  const port = await addresses.findListener(address, context.signal)
  const stopped = cancelled(context)
  if (stopped) return stopped
  return port === undefined ? ok(undefined) : err(problem('address-in-use', { address, port }))
}

/** Tags are for people; a host that reserves them to administrators does not stop a machine. */
async function setTags(
  { provider }: HandlerDeps,
  input: Input,
  context: HandlerContext,
  found: MachineFound,
): Promise<Result<void, Problem>> {
  const wanted = ['lanline', `lanline-${input.clusterName}`].sort()
  if (wanted.every((tag) => found.tags.includes(tag))) return ok(undefined)
  context.steps.intend('tags', 'idempotent')
  const set = await waitFor(
    context,
    { what: 'the guest to take its tags', limitMs: 60_000, everyMs: 2_000 },
    async () => {
      const fresh = await findOurs({ provider }, input)
      if (!fresh.ok) return fresh
      if (wanted.every((tag) => fresh.value.tags.includes(tag))) return ok('set' as const)
      const answer = await provider.setTags(fresh.value, [...new Set([...fresh.value.tags, ...wanted])].sort())
      if (answer.ok) return ok('set' as const)
      return answer.error.code === 'outcome-unknown' ? ok(undefined) : answer
    },
  )
  if (!set.ok && set.error.code !== 'permission-missing') return set
  if (!set.ok) context.log.warn({ event: 'machine.untagged', machineId: input.machineId, problem: set.error })
  context.steps.done('tags')
  return ok(undefined)
}

async function findOurs(
  { provider }: Pick<HandlerDeps, 'provider'>,
  input: Input,
): Promise<Result<MachineFound, Problem>> {
  const sight = await provider.look(refOf(input))
  if (!sight.ok) return sight
  return sight.value.state === 'present'
    ? ok(sight.value.machine)
    : err(problem('outcome-unknown', { host: input.host, vmid: input.vmid, state: sight.value.state }))
}

function toNewMachine(input: Input): NewMachine {
  invariant(input.boot.by === 'image', 'machines boot by image')
  return {
    ...refOf(input),
    name: input.name,
    clusterName: input.clusterName,
    clusterUid: input.clusterUid,
    guestAgent: input.guestAgent,
    hardware: input.hardware,
    image: `${input.boot.imageStorage}:import/${diskImageFileName(input.schematicId, input.talosVersion)}`,
    nameservers: input.nameservers,
  }
}
