import type { HandlerDeps } from './deps.ts'
import type { HandlerContext } from './handler.ts'

/**
 * A machine that has its configuration needs no CD any more, be it the one it was installed from or the one that told it
 * its address; left in, they keep it from moving to another host. One that stays in is no reason to fail.
 */
export async function ejectMedia(
  { provider }: Pick<HandlerDeps, 'provider'>,
  { machineId }: { readonly machineId: string },
  { steps, log }: HandlerContext,
): Promise<void> {
  steps.intend('eject', 'idempotent')
  const ejected = await provider.ejectMedia(machineId)
  if (ejected.ok) steps.done('eject')
  else log.debug({ event: 'media.left-in', machineId, problem: ejected.error })
}
