import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { MachineFound, MadeMachine } from '../providers/provider.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext, OperationHandler } from './handler.ts'
import { powerCycle } from './power-cycle.ts'
import { cancelled, runTaskStep, waitFor } from './waiting.ts'

/**
 * Makes a machine that is there what it should be, in place: its settings, its tags, the sizes of its disks, and then, where
 * that is needed and allowed, a power cycle with which the rest takes effect.
 *
 *   P7  Nothing is changed before the guest's UUID and MAC prove it ours, nor over a change that somebody makes meanwhile.
 *
 * Safe to run again: what is right already is left alone. Problems: provider-busy, task-failed, provider-unreachable,
 * etcd-quorum-at-risk, node-unreachable (later; a node that did not come back in time); not-ours, not-found,
 * permission-missing (never); outcome-unknown (look-again; it still is not what it should be).
 */
export const resizeMachine =
  (deps: HandlerDeps): OperationHandler<'machine.resize'> =>
  async (input, context) => {
    const machine: MadeMachine = { ...input, mac: input.hardware.nics[0]?.mac }
    context.progress('changing the settings')
    const changed = await runTaskStep(context, deps.provider, CHANGE, () => deps.provider.startChange(machine))
    if (!changed.ok) return changed
    const tagged = await changeTags(deps, input, context)
    if (!tagged.ok) return tagged
    const grown = await growDisks(deps, machine, context)
    if (!grown.ok) return grown

    const left = await deps.provider.findDrift(machine)
    if (!left.ok) return left
    const wrong = left.value.filter(({ waits, byHand, attribute }) => !waits && byHand !== true && attribute !== 'tags')
    if (wrong.length > 0)
      return err(problem('outcome-unknown', { differs: wrong.map(({ attribute }) => attribute).slice(0, MAX_NAMED) }))

    const needed = input.restart === 'always' || left.value.some(({ waits }) => waits)
    if (!needed || input.restart === 'never') return ok({ restarted: false })
    const stopped = cancelled(context)
    if (stopped) return stopped
    const cycled = await powerCycle(deps, input, context)
    return cycled.ok ? ok({ restarted: true }) : cycled
  }

type Input = OperationInput<'machine.resize'>

/** Enough to know what it is about. */
const MAX_NAMED = 10
const CHANGE = { name: 'change', stepClass: 'idempotent', limitMs: 2 * 60_000 } as const
/** Somebody else may be changing the same guest. */
const TAGGED = { what: 'the guest to take its tags', limitMs: 60_000, everyMs: 2_000 }
/** A storage that writes zeros to what a disk grows by takes its time. */
const GROW_LIMIT_MS = 5 * 60_000

async function growDisks(
  { provider }: HandlerDeps,
  machine: MadeMachine,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  for (const { name } of machine.hardware.disks) {
    context.progress(`growing disk ${name}`)
    const step = { name: `grow ${name}`, stepClass: 'idempotent', limitMs: GROW_LIMIT_MS } as const
    const grown = await runTaskStep(context, provider, step, () => provider.startGrowth(machine, name))
    if (!grown.ok) return grown
  }
  return ok(undefined)
}

/** Tags are for people; a host that reserves them to administrators does not stop a change. */
async function changeTags(
  { provider }: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const asked = ['lanline', `lanline-${input.clusterName}`, ...input.hardware.tags].map((tag) => tag.toLowerCase())
  const wantedOf = (found: MachineFound): readonly string[] =>
    [...new Set([...found.tags.filter((tag) => !input.dropTags.includes(tag)), ...asked])].sort()
  context.steps.intend('tags', 'idempotent')
  const set = await waitFor(context, TAGGED, async () => {
    const sight = await provider.look({ ...input, mac: input.hardware.nics[0]?.mac })
    if (!sight.ok) return sight
    if (sight.value.state !== 'present') return err(problem('outcome-unknown', { state: sight.value.state }))
    const { machine } = sight.value
    const wanted = wantedOf(machine)
    if (wanted.join() === [...machine.tags].sort().join()) return ok('set' as const)
    const answer = await provider.setTags(machine, wanted)
    return answer.ok || answer.error.code === 'outcome-unknown' ? ok(undefined) : answer
  })
  if (!set.ok && set.error.code !== 'permission-missing') return set
  if (!set.ok) context.log.warn({ event: 'machine.untagged', machineId: input.machineId, problem: set.error })
  context.steps.done('tags')
  return ok(undefined)
}
