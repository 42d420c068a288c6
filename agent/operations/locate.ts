import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext } from './handler.ts'
import { waitFor } from './waiting.ts'

/**
 * The address of a machine that got it from a DHCP server, as the guest agent in it tells: of the NIC with the MAC that is
 * ours, never the first that is listed. Whoever answers there proves its identity afterwards as everybody does.
 *
 * Problems: not-found (later), deadline-passed (later; no agent speaks: its extension is missing, or no server answers).
 */
export async function locate<I extends OperationInput<'machine.configure'>>(
  { provider }: Pick<HandlerDeps, 'provider'>,
  input: I,
  context: HandlerContext,
): Promise<Result<I, Problem>> {
  const { machineId, address, place, intent } = input
  if (address !== '' || !place) return ok(input)
  context.progress('asking the guest agent for the address')
  const found = await waitFor(context, TOLD, async () => {
    const sight = await provider.look({ machineId, ...place, mac: intent.nics[0]?.mac })
    if (!sight.ok) return sight
    if (sight.value.state !== 'present') return err(problem('not-found', { machineId, ...place }))
    return provider.findAddress(sight.value.machine)
  })
  return found.ok ? ok({ ...input, address: found.value }) : found
}

/** Firmware, kernel, DHCP and the agent's first words. */
const TOLD = { what: 'the guest agent to tell the address', limitMs: 6 * 60_000, everyMs: 2_000 }
