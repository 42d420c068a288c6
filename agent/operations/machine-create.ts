import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { writeCidata } from '../providers/cidata.ts'
import type { MachineFound, TaskHandle } from '../providers/provider.ts'
import type { HandlerDeps } from './deps.ts'
import { findOurs, protect, setTags } from './finish-machine.ts'
import type { HandlerContext, OperationHandler } from './handler.ts'
import { cidataOf, refOf, toNewMachine } from './new-machine.ts'
import { createTurns, type Turns } from './turns.ts'
import { cancelled, passes, runTaskStep, waitFor, waitForTask } from './waiting.ts'

/**
 * Brings one virtual machine into being, powered off, exactly once.
 *
 *   O20  A machine is looked for by its own UUID before one is made; the VMID lets the host make only one; a creation
 *        whose answer was lost is adopted by its task, never started beside it.
 *
 * Safe to run again after a crash at any line. Problems: address-in-use, image-unavailable, no-capacity, task-failed,
 * provider-unreachable (later); vmid-taken, not-ours, permission-missing, unsupported-version (never); outcome-unknown
 * (look-again).
 */
export const createMachine = (deps: HandlerDeps): OperationHandler<'machine.create'> => {
  const turns = createTurns(CREATES_PER_STORAGE)
  return async (input, context) => {
    const machine = await bringIntoBeing(deps, turns, input, context)
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
    const made = await protect(deps, input, context)
    if (!made.ok) return made
    if ((made.value.diskGiB ?? 0) < systemDiskGiB(input))
      return err(problem('outcome-unknown', { vmid: made.value.vmid, diskGiB: made.value.diskGiB ?? 0 }))
    await tellDrift(deps, input, context)
    return ok({ vmid: made.value.vmid })
  }
}

type Input = OperationInput<'machine.create'>

const systemDiskGiB = (input: Input): number => input.hardware.disks[0]?.sizeGiB ?? 0

/** The import of a 1 GiB image onto a slow disk, behind another one on the same storage. */
const CREATION_LIMIT_MS = 15 * 60_000
/** From the end of a creation until the guest can be read; also how long an unreadable guest may stay one. */
const SETTLE = { what: 'the machine to be there', limitMs: 30_000, everyMs: 1_000 }
const RESIZE = { name: 'resize', stepClass: 'idempotent', limitMs: 60_000 } as const
const CIDATA = { name: 'cidata', stepClass: 'idempotent', limitMs: 60_000 } as const
/** A second call is for a lost answer that did nothing; more would hide something. */
const MAX_CREATIONS = 3

/** Creating a disk reads and writes a whole image; more than two at a time only fight for the same spindles. */
const CREATES_PER_STORAGE = 2

type Seen =
  | { readonly is: 'present'; readonly machine: MachineFound }
  | { readonly is: 'under-way'; readonly handle: TaskHandle }
  | { readonly is: 'absent' }

async function bringIntoBeing(
  deps: HandlerDeps,
  turns: Turns,
  input: Input,
  context: HandlerContext,
): Promise<Result<MachineFound, Problem>> {
  const { provider } = deps
  const { steps } = context
  let creations = 0
  let adoptions = 0
  let remedy: string | undefined
  let last: Problem | undefined

  const known = steps.handleOf('create')
  // Silence takes a while to be heard, and looking around at the site takes as long: neither waits for the other.
  let asked = known === undefined ? checkAddresses(deps, input, context) : undefined
  const areFree = (): Promise<Result<void, Problem>> => {
    const answer = asked ?? checkAddresses(deps, input, context)
    asked = undefined
    return answer
  }
  if (known !== undefined) {
    const ended = await waitForCreation(deps, context, known)
    if (!ended.ok) return ended
  }
  for (;;) {
    // Waiting for a turn and for the creation itself is not part of this patience: each has its own.
    const settled = await waitFor<Seen>(context, SETTLE, async () => {
      const sight = await provider.look(refOf(input))
      if (!sight.ok) return sight
      remedy = sight.value.state === 'unclear' ? sight.value.remedy : undefined
      switch (sight.value.state) {
        case 'present':
          return ok({ is: 'present', machine: sight.value.machine })
        case 'foreign':
          return err(
            problem('vmid-taken', { host: sight.value.guest.host, vmid: input.vmid, name: sight.value.guest.name }),
          )
        case 'unclear': {
          const running = await provider.findRunningCreation(refOf(input))
          if (!running.ok) return running
          return ok(running.value === undefined ? undefined : { is: 'under-way', handle: running.value })
        }
        case 'absent':
          return ok({ is: 'absent' })
      }
    })
    if (!settled.ok) {
      // Half made by a host that died, or somebody else's that we may not read: only a person can tell.
      if (settled.error.code !== 'deadline-passed' || remedy === undefined) return settled
      return err(problem('not-ours', { host: input.host, vmid: input.vmid, reason: 'unreadable', run: remedy }))
    }
    const seen = settled.value
    if (seen.is === 'present') {
      steps.intend('create', 'keyed-create')
      steps.done('create', `${seen.machine.host}/${seen.machine.vmid}`)
      return ok(seen.machine)
    }
    if (seen.is === 'absent') creations++
    else adoptions++
    if (creations > MAX_CREATIONS || adoptions > MAX_CREATIONS)
      return err(problem('outcome-unknown', { host: input.host, vmid: input.vmid }, last))
    const made =
      seen.is === 'absent'
        ? await makeInTurn(deps, { turns, areFree }, input, context)
        : await adopt(deps, context, seen.handle)
    if (made.ok) continue
    // A lock held by others, a host that does not answer: what is there after a while decides.
    if (!passes(made.error)) return made
    last = made.error
    await context.clock.sleep(SETTLE.everyMs, context.signal)
  }
}

async function makeInTurn(
  deps: HandlerDeps,
  { turns, areFree }: { readonly turns: Turns; readonly areFree: () => Promise<Result<void, Problem>> },
  input: Input,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const { steps, progress, clock, signal } = context
  progress('checking the address')
  const free = await areFree()
  if (!free.ok) return free
  const told = await bringCidata(deps, input, context)
  if (!told.ok) return told
  progress('waiting for the storage')
  const storages = [...new Set(input.hardware.disks.map(({ storage }) => `${input.host}/${storage}`))].sort()
  const turn = await turns.take(storages, signal)
  if (!turn) return err(problem('cancelled'))
  try {
    progress('creating')
    steps.intend('create', 'keyed-create')
    const started = await deps.provider.startCreation(toNewMachine(input))
    if (started.ok) return await adopt(deps, context, started.value)
    // Taken, or no answer: perhaps by our own call. What is there after a while decides.
    if (!LOOK_AGAIN.has(started.error.code)) return started
    await clock.sleep(SETTLE.everyMs, signal)
    return ok(undefined)
  } finally {
    turn.end()
  }
}

/** Follows a creation that is under way to its end. */
function adopt(deps: HandlerDeps, context: HandlerContext, handle: string): Promise<Result<void, Problem>> {
  context.steps.intend('create', 'keyed-create')
  context.steps.rememberHandle('create', handle)
  return waitForCreation(deps, context, handle)
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

/** A machine that does not exist yet cannot answer: whoever does is somebody else. With DHCP there is no address to ask. */
async function checkAddresses(
  { addresses }: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const answers = await Promise.all(
    input.hardware.nics.map(async ({ addressCidr }) => {
      const [address = ''] = (addressCidr ?? '').split('/')
      return { address, port: address === '' ? undefined : await addresses.findListener(address, context.signal) }
    }),
  )
  const stopped = cancelled(context)
  if (stopped) return stopped
  const taken = answers.find(({ port }) => port !== undefined)
  return taken?.port === undefined ? ok(undefined) : err(problem('address-in-use', { ...taken, port: taken.port }))
}

/** The CD is there before the machine that boots with it. It is written anew each time: of the same input, the same bytes. */
async function bringCidata(deps: HandlerDeps, input: Input, context: HandlerContext): Promise<Result<void, Problem>> {
  if (input.addressing !== 'cidata') return ok(undefined)
  context.progress('writing the address CD')
  const cidata = writeCidata({ ...input, nics: input.hardware.nics })
  return runTaskStep(context, deps.provider, CIDATA, () => deps.provider.startUpload(cidataOf(input), cidata))
}

/** A machine that was there already may not be what is asked for now; nothing is changed behind anybody's back. */
async function tellDrift({ provider }: HandlerDeps, input: Input, { log }: HandlerContext): Promise<void> {
  const drift = await provider.findDrift(toNewMachine(input))
  if (!drift.ok || drift.value.length === 0) return
  const attributes = drift.value.map(({ attribute }) => attribute)
  log.warn({ event: 'machine.differs', machineId: input.machineId, attributes })
}
