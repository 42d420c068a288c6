import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { MachineFound, TaskHandle } from '../providers/provider.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext } from './handler.ts'
import { checkAddresses, followCreation, makeInTurn, waitForCreation } from './make-in-turn.ts'
import { refOf } from './new-machine.ts'
import { createTurns } from './turns.ts'
import { passes, waitFor } from './waiting.ts'

/**
 * Looks, and makes what is not there, until the machine is there: whose VMID it is and whose identity the guest carries
 * decide, never what was asked for before.
 *
 *   O20  One that is there is taken; a creation under way is followed; only proven absence leads to a creation.
 */
type Input = OperationInput<'machine.create'>

/** From the end of a creation until the guest can be read; also how long an unreadable guest may stay one. */
const SETTLE = { what: 'the machine to be there', limitMs: 30_000, everyMs: 1_000 }
/** A second call is for a lost answer that did nothing; more would hide something. */
const MAX_CREATIONS = 3

/** Creating a disk reads and writes a whole image; more than two at a time only fight for the same spindles. */
const CREATES_PER_STORAGE = 2

type Seen =
  | { readonly is: 'present'; readonly machine: MachineFound }
  | { readonly is: 'under-way'; readonly handle: TaskHandle }
  | { readonly is: 'absent' }

export function createBringIntoBeing(deps: HandlerDeps) {
  const turns = createTurns(CREATES_PER_STORAGE)
  return async (input: Input, context: HandlerContext): Promise<Result<MachineFound, Problem>> => {
    const { steps } = context
    let creations = 0
    let adoptions = 0
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
      const settled = await look(deps, input, context)
      if (!settled.ok) return settled
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
          : await followCreation(deps, context, seen.handle)
      if (made.ok) continue
      // A lock held by others, a host that does not answer: what is there after a while decides.
      if (!passes(made.error)) return made
      last = made.error
      await context.clock.sleep(SETTLE.everyMs, context.signal)
    }
  }
}

/** What there is, once it can be told. What stays unreadable is half made by a host that died, or somebody else's. */
async function look({ provider }: HandlerDeps, input: Input, context: HandlerContext): Promise<Result<Seen, Problem>> {
  let remedy: string | undefined
  const settled = await waitFor<Seen>(context, SETTLE, async () => {
    const sight = await provider.look(refOf(input))
    if (!sight.ok) return sight
    remedy = sight.value.state === 'unclear' ? sight.value.remedy : undefined
    switch (sight.value.state) {
      case 'present':
        return ok({ is: 'present', machine: sight.value.machine })
      case 'foreign': {
        const { host, name } = sight.value.guest
        return err(problem('vmid-taken', { host, vmid: input.vmid, name }))
      }
      case 'unclear': {
        const running = await provider.findRunningCreation(refOf(input))
        if (!running.ok) return running
        return ok(running.value === undefined ? undefined : { is: 'under-way', handle: running.value })
      }
      case 'absent':
        return ok({ is: 'absent' })
    }
  })
  // Only a person can tell whose it is.
  return !settled.ok && settled.error.code === 'deadline-passed' && remedy !== undefined
    ? err(problem('not-ours', { host: input.host, vmid: input.vmid, reason: 'unreadable', run: remedy }))
    : settled
}
