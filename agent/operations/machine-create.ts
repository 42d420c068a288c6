import { err, ok } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem } from '#core/model/problem.ts'
import { createBringIntoBeing } from './bring-into-being.ts'
import type { HandlerDeps } from './deps.ts'
import { findOurs, protect, setTags } from './finish-machine.ts'
import type { HandlerContext, OperationHandler } from './handler.ts'
import { toNewMachine } from './new-machine.ts'
import { runTaskStep } from './waiting.ts'

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
  const bringIntoBeing = createBringIntoBeing(deps)
  return async (input, context) => {
    const machine = await bringIntoBeing(input, context)
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

const RESIZE = { name: 'resize', stepClass: 'idempotent', limitMs: 60_000 } as const

/** A machine that was there already may not be what is asked for now; nothing is changed behind anybody's back. */
async function tellDrift({ provider }: HandlerDeps, input: Input, { log }: HandlerContext): Promise<void> {
  const drift = await provider.findDrift(toNewMachine(input))
  if (!drift.ok || drift.value.length === 0) return
  const attributes = drift.value.map(({ attribute }) => attribute)
  log.warn({ event: 'machine.differs', machineId: input.machineId, attributes })
}
