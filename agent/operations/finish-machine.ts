import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { MachineFound } from '../providers/provider.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext } from './handler.ts'
import { refOf } from './new-machine.ts'
import { waitFor } from './waiting.ts'

/** What is set on a machine once it exists, because it cannot be set with its creation: tags and protection. */
type Input = OperationInput<'machine.create'>

/** Somebody else may be changing the same guest. */
const CHANGED = { what: 'the guest to take the change', limitMs: 60_000, everyMs: 2_000 }

/** Tags are for people; a host that reserves them to administrators does not stop a machine. */
export async function setTags(
  { provider }: HandlerDeps,
  input: Input,
  context: HandlerContext,
  found: MachineFound,
): Promise<Result<void, Problem>> {
  const wanted = [...new Set(['lanline', `lanline-${input.clusterName}`, ...input.hardware.tags])]
    .map((tag) => tag.toLowerCase())
    .sort()
  if (wanted.every((tag) => found.tags.includes(tag))) return ok(undefined)
  context.steps.intend('tags', 'idempotent')
  const set = await waitFor(context, CHANGED, async () => {
    const fresh = await findOurs({ provider }, input)
    if (!fresh.ok) return fresh
    if (wanted.every((tag) => fresh.value.tags.includes(tag))) return ok('set' as const)
    const answer = await provider.setTags(fresh.value, [...new Set([...fresh.value.tags, ...wanted])].sort())
    if (answer.ok) return ok('set' as const)
    return answer.error.code === 'outcome-unknown' ? ok(undefined) : answer
  })
  if (!set.ok && set.error.code !== 'permission-missing') return set
  if (!set.ok) context.log.warn({ event: 'machine.untagged', machineId: input.machineId, problem: set.error })
  context.steps.done('tags')
  return ok(undefined)
}

/** Last of all, because a protected machine can be neither cleaned up nor given its disks. Answers what there is then. */
export async function protect(
  deps: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<MachineFound, Problem>> {
  if (!input.hardware.protection) return findOurs(deps, input)
  context.progress('protecting')
  context.steps.intend('protect', 'idempotent')
  const isSet = await waitFor(context, CHANGED, async () => {
    const fresh = await findOurs(deps, input)
    if (!fresh.ok || fresh.value.protected) return fresh
    const answer = await deps.provider.setProtection(fresh.value, true)
    return answer.ok || answer.error.code === 'outcome-unknown' ? ok(undefined) : answer
  })
  if (isSet.ok) context.steps.done('protect')
  return isSet
}

/** The machine as it is now; anything else in its place leaves unknown what came of it. */
export async function findOurs(
  { provider }: Pick<HandlerDeps, 'provider'>,
  input: Input,
): Promise<Result<MachineFound, Problem>> {
  const sight = await provider.look(refOf(input))
  if (!sight.ok) return sight
  return sight.value.state === 'present'
    ? ok(sight.value.machine)
    : err(problem('outcome-unknown', { host: input.host, vmid: input.vmid, state: sight.value.state }))
}
