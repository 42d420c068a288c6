import type { Clock } from '#core/base/clock.ts'
import type { Result } from '#core/base/result.ts'
import { PROBLEM_KINDS, sayProblem, type Problem } from '#core/model/problem.ts'
import type { NodeSeen, SiteSeen } from '#core/model/seen.ts'
import type { SiteSeenMessage } from '#core/protocol/site-seen.ts'
import { MAX_TROUBLE_CHARS, type SiteTrouble } from '#core/protocol/site-trouble.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import { realClock } from '../clock.ts'
import type { ConfiguredMachines } from '../journal/journal.ts'
import type { Logger } from '../log.ts'
import type { SiteInventory } from '../providers/provider.ts'
import { assemble, powerOf, UNREACHABLE, type Sights, type TalosSight } from './assemble.ts'
import type { NodeEye } from './node-eye.ts'
import { startPoll, type Poll } from './poll.ts'
import { createDriftWatch, type DriftWatchDeps } from './drift-watch.ts'
import { createPublisher } from './publish.ts'
import type { TalosEye } from './talos-eye.ts'

/**
 * Watches the site from inside: the hypervisor, each machine of the watched clusters, and their Kubernetes. Everything
 * is looked at on its own, so that one dead machine delays nobody. Looking is local and free; telling is `Publisher`.
 */
export interface Observer {
  /** Replaces what is watched of one cluster. */
  watch(watch: WatchPut): void
  /** Looks anew at the hypervisor, then at the machines and clusters named, and tells what changed, at `withinMs` latest. */
  lookNow(subjects: readonly string[], withinMs: number): Promise<void>
  /** A session can carry observations: it gets everything. */
  connected(send: (message: SiteSeenMessage | SiteTrouble) => void): void
  disconnected(): void
  seen(): SiteSeen
  /** What the last look at the hypervisor ran into, as people read it; undefined when it went well or none has ended. */
  trouble(): string | undefined
  stop(): void
}

export interface ObserverDeps extends Pick<DriftWatchDeps, 'findDrift' | 'listEndedWork' | 'made'> {
  readonly clock: Clock
  readonly log: Logger
  readonly machines: ConfiguredMachines
  readonly watches: readonly WatchPut[]
  /** Operations are running. */
  readonly busy: () => boolean
  readonly inventory: () => Promise<Result<SiteInventory, Problem>>
  readonly talosEye: (machine: WatchPut['machines'][number]) => TalosEye
  readonly nodeEye: (clusterUid: string) => NodeEye
}

/** While something is going on; on a LAN this is nothing. */
const CLOSE_LOOK_MS = 2_000
/** While everything stands as it should. */
const CALM_LOOK_MS = 30_000

interface Eye {
  readonly poll: Poll
  readonly close: () => void | Promise<void>
  /** What the eye was made for; a change makes a new one. */
  readonly of: string
}

const toMessage = (trouble: string | undefined): SiteTrouble => ({
  type: 'site.trouble',
  text: trouble?.slice(0, MAX_TROUBLE_CHARS) ?? null,
})

export function createObserver(deps: ObserverDeps): Observer {
  const { clock, log } = deps
  const watches = new Map<string, WatchPut>()
  const talos = new Map<string, TalosSight>()
  const nodes = new Map<string, readonly NodeSeen[]>()
  const eyes = new Map<string, Eye>()
  const publisher = createPublisher({ now: () => clock.now(), busy: deps.busy })
  let inventory: SiteInventory | undefined
  let trouble: string | undefined
  let say: ((message: SiteTrouble) => void) | undefined
  const drift = createDriftWatch({
    ...deps,
    machines: () =>
      [...watches.values()].flatMap((watch) =>
        watch.machines.filter((machine) => inventory?.guests.some(({ uuid }) => uuid === machine.machineId)),
      ),
    onChange: () => tell(),
  })

  const sights = (): Sights => ({
    inventory,
    inventoryFresh: inventory !== undefined && trouble === undefined,
    watches: [...watches.values()],
    talos: (machineId) => talos.get(machineId),
    configured: (machineId) => deps.machines.find(machineId),
    made: drift.seen,
    nodes: (clusterUid) => nodes.get(clusterUid) ?? [],
  })

  /** Nothing is told before the first look at the hypervisor: an empty site would read as a site that lost everything. */
  function tell(urgent = false): void {
    if (inventory) publisher.offer(assemble(sights()), urgent)
  }

  const settled = (machineId: string): boolean => {
    const sight = talos.get(machineId)
    return sight?.stage === 'running' && sight.ready
  }
  const everythingSettled = (): boolean =>
    [...watches.values()].every((watch) => watch.machines.every(({ machineId }) => settled(machineId)))
  const paceOf = (calm: boolean): number => (calm && !deps.busy() ? CALM_LOOK_MS : CLOSE_LOOK_MS)

  async function lookAtHypervisor(): Promise<void> {
    const looked = await deps.inventory()
    const problem = looked.ok ? undefined : `${sayProblem(looked.error)} ${PROBLEM_KINDS[looked.error.code].advice}`
    if (problem !== trouble) {
      if (problem) log.warn({ event: 'provider.lost', problem })
      else log.info({ event: 'provider.found' })
    }
    const changed = trouble !== problem
    trouble = problem
    if (changed) say?.(toMessage(problem))
    if (looked.ok) inventory = looked.value
    tell()
    if (looked.ok) drift.noteWork()
  }
  const hypervisor = startPoll({
    clock,
    look: () => lookAtHypervisor().catch((thrown: unknown) => log.error({ event: 'observe.threw', err: thrown })),
    everyMs: () => paceOf(everythingSettled()),
  })

  function open(key: string, of: string, make: () => Omit<Eye, 'of'>): void {
    if (eyes.get(key)?.of === of) return
    shut(key)
    eyes.set(key, { ...make(), of })
  }

  function shut(key: string): void {
    const eye = eyes.get(key)
    eyes.delete(key)
    eye?.poll.stop()
    void eye?.close()
  }

  function openMachine(clusterUid: string, machine: WatchPut['machines'][number]): void {
    const { machineId } = machine
    open(`machine ${machineId}`, JSON.stringify(machine), () => {
      const eye = deps.talosEye(machine)
      const look = async (signal: AbortSignal): Promise<void> => {
        const watch = watches.get(clusterUid)
        if (!watch) return
        // Dialling what is known to be off only waits for a timeout.
        const power = powerOf(machine, sights())
        const sight = power === 'off' || power === 'absent' ? UNREACHABLE : await eye.look(watch, signal)
        if (signal.aborted) return
        talos.set(machineId, sight)
        tell()
      }
      return {
        poll: startPoll({ clock, look: guarded(look), everyMs: () => paceOf(settled(machineId)) }),
        close: eye.close,
      }
    })
  }

  function openNodes(clusterUid: string): void {
    open(`nodes ${clusterUid}`, clusterUid, () => {
      const eye = deps.nodeEye(clusterUid)
      /** Not being reached is how every cluster begins; being refused is worth a line, once. */
      let refusal: unknown
      const look = async (signal: AbortSignal): Promise<void> => {
        const watch = watches.get(clusterUid)
        const alive = watch?.machines.some(({ machineId }) => talos.get(machineId)?.stage === 'running')
        if (!watch || watch.secretsVersion === 0 || !alive) return
        const looked = await eye.look(watch, signal)
        if (signal.aborted) return
        const problem = looked.ok ? undefined : looked.error.facts['status']
        if (problem !== undefined && problem !== refusal)
          log.warn({
            event: 'kubernetes.refused',
            clusterId: clusterUid,
            problem: looked.ok ? undefined : looked.error,
          })
        refusal = problem
        // What was seen last stands until something else is seen; the machines tell whether it can be trusted.
        if (!looked.ok) return
        nodes.set(clusterUid, looked.value)
        tell()
      }
      const calm = (): boolean =>
        (watches.get(clusterUid)?.machines ?? []).every(({ machineId, name }) => {
          const node = nodes.get(clusterUid)?.find((seen) => seen.name === name)
          return settled(machineId) && node?.ready === true
        })
      return { poll: startPoll({ clock, look: guarded(look), everyMs: () => paceOf(calm()) }), close: eye.close }
    })
  }

  const guarded = (look: (signal: AbortSignal) => Promise<void>) => (signal: AbortSignal) =>
    look(signal).catch((thrown: unknown) => {
      if (!signal.aborted) log.error({ event: 'observe.threw', err: thrown })
    })

  function watch(next: WatchPut): void {
    const before = watches.get(next.clusterUid)
    const kept = new Set(next.machines.map(({ machineId }) => machineId))
    for (const { machineId } of before?.machines ?? []) {
      if (kept.has(machineId)) continue
      shut(`machine ${machineId}`)
      talos.delete(machineId)
    }
    if (next.machines.length === 0) {
      watches.delete(next.clusterUid)
      nodes.delete(next.clusterUid)
      shut(`nodes ${next.clusterUid}`)
    } else {
      watches.set(next.clusterUid, next)
      for (const machine of next.machines) openMachine(next.clusterUid, machine)
      openNodes(next.clusterUid)
    }
    tell()
  }

  for (const stored of deps.watches) watch(stored)

  return {
    watch,
    async lookNow(subjects, withinMs) {
      const late = new AbortController()
      const looks = (async () => {
        await hypervisor.refresh()
        const named = subjects.flatMap((subject) => [`machine ${subject}`, `nodes ${subject}`])
        await Promise.all([
          ...named.flatMap((key) => eyes.get(key)?.poll.refresh() ?? []),
          drift.lookAt(new Set(subjects)),
        ])
      })()
      await Promise.race([looks, realClock.sleep(withinMs, late.signal)])
      late.abort()
      tell(true)
    },
    connected(send) {
      say = send
      if (trouble !== undefined) send(toMessage(trouble))
      publisher.open(send)
    },
    disconnected() {
      say = undefined
      publisher.close()
    },
    seen: () => assemble(sights()),
    trouble: () => trouble,
    stop() {
      publisher.stop()
      hypervisor.stop()
      drift.stop()
      for (const key of eyes.keys()) shut(key)
    },
  }
}
