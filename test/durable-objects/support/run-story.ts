import { evictDurableObject } from 'cloudflare:test'
import { clusterStub, ring, siteStub, until } from './relay-world.ts'
import type { ScriptedAgent } from './scripted-agent.ts'

/** Each hibernation-relevant test runs as it is, and with the objects evicted again and again in the middle. */
export const MODES = [{ mode: 'awake' }, { mode: 'hibernating' }] as const
export type Mode = (typeof MODES)[number]['mode']

/** Puts an object to sleep with its sockets; an object that is not running has nothing to lose. */
export async function sleep(stub: DurableObjectStub): Promise<void> {
  await evictDurableObject(stub, { webSockets: 'hibernate' }).catch(() => undefined)
}

/**
 * Lets frames pass and alarms ring until `done`. Alarms that are due ring by themselves; this one also rings those that
 * are not, which is how a test makes minutes pass.
 */
export async function play(
  agent: ScriptedAgent,
  story: { readonly siteUid: string; readonly clusterUid: string },
  mode: Mode,
  what: string,
  done: () => boolean | undefined | Promise<boolean | undefined>,
): Promise<void> {
  let step = 0
  await until(what, async () => {
    while (agent.hearNext() || agent.sendNext());
    if (step++ % 10 === 9) await ring(clusterStub(story.clusterUid))
    if (mode === 'hibernating' && step % 5 === 0) await sleep(siteStub(story.siteUid))
    if (mode === 'hibernating' && step % 7 === 0) await sleep(clusterStub(story.clusterUid))
    return (await done()) || undefined
  })
}
