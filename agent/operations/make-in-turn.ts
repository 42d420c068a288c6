import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { writeCidata } from '../providers/cidata.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext } from './handler.ts'
import { cidataOf, toNewMachine } from './new-machine.ts'
import type { Turns } from './turns.ts'
import { cancelled, runTaskStep, waitForTask } from './waiting.ts'

/** One creation, when its storages have room for another: its addresses asked, its CD brought, its call made and followed. */
type Input = OperationInput<'machine.create'>

/** The import of a 1 GiB image onto a slow disk, behind another one on the same storage. */
const CREATION_LIMIT_MS = 15 * 60_000
/** Before a call of which nobody knows what came is looked for. */
const LOOK_AGAIN_MS = 1_000
const CIDATA = { name: 'cidata', stepClass: 'idempotent', limitMs: 60_000 } as const

export async function makeInTurn(
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
    if (started.ok) return await followCreation(deps, context, started.value)
    // Taken, or no answer: perhaps by our own call. What is there after a while decides.
    if (!LOOK_AGAIN.has(started.error.code)) return started
    await clock.sleep(LOOK_AGAIN_MS, signal)
    return ok(undefined)
  } finally {
    turn.end()
  }
}

/** Follows a creation that is under way to its end. */
export function followCreation(
  deps: HandlerDeps,
  context: HandlerContext,
  handle: string,
): Promise<Result<void, Problem>> {
  context.steps.intend('create', 'keyed-create')
  context.steps.rememberHandle('create', handle)
  return waitForCreation(deps, context, handle)
}

const LOOK_AGAIN: ReadonlySet<string> = new Set(['vmid-taken', 'outcome-unknown'])

/** A task that cannot tell how it ended leaves the answer to the next look. */
export async function waitForCreation(
  deps: HandlerDeps,
  context: HandlerContext,
  handle: string,
): Promise<Result<void, Problem>> {
  const ended = await waitForTask(context, deps.provider, handle, { what: 'the creation', limitMs: CREATION_LIMIT_MS })
  return !ended.ok && ended.error.code === 'outcome-unknown' ? ok(undefined) : ended
}

/** A machine that does not exist yet cannot answer: whoever does is somebody else. With DHCP there is no address to ask. */
export async function checkAddresses(
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
