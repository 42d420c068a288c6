import type { BusyInterval } from '#lab/trace.ts'

/** A busy interval of which is known whose machine it was; `machine` is absent for work that is everybody's. */
export interface Work extends BusyInterval {
  readonly machine?: string | undefined
}

/**
 * What has to have ended, in the real world, before a kind of work can begin. `own` is about the same machine, `any`
 * about any. Work that is not named here waits for whatever its machine did before.
 */
type Needs = Readonly<Record<string, { readonly own?: readonly string[]; readonly any?: readonly string[] }>>
const NEEDS: Needs = {
  'image.download': {},
  'vm.create': { any: ['image.download'] },
  'vm.resize': { own: ['vm.create'] },
  'vm.start': { own: ['vm.resize'] },
  'node.boot': { own: ['vm.start'] },
  'maintenance.end': { own: ['node.boot'] },
  'node.configure': { own: ['maintenance.end'] },
  'time.sync': { own: ['node.configure'] },
  'kubelet.start': { own: ['node.configure'] },
  'etcd.prepare': { own: ['node.configure'] },
  'etcd.bootstrap': { own: ['etcd.prepare', 'time.sync'] },
  // One learner at a time.
  'etcd.join': { own: ['etcd.prepare'], any: ['etcd.bootstrap', 'etcd.join'] },
  'controlplane.start': { own: ['etcd.bootstrap', 'etcd.join'] },
  'node.register': { own: ['controlplane.start', 'kubelet.start'] },
  'node.ready': { own: ['node.register'] },
}

/** Of one host that makes two machines at a time: a creation may also have to wait for an earlier one. */
export const NEEDS_OF_MANY: Needs = { ...NEEDS, 'vm.create': { any: ['image.download', 'vm.create'] } }

/**
 * The longest chain of busy intervals of which each had to wait for the one before. Whoever waits for exactly what has
 * to be waited for takes this long and no longer; work that was merely done one after the other is no chain. Pure.
 */
export function longestChain(works: readonly Work[], needs: Needs = NEEDS): readonly Work[] {
  const sorted = works.toSorted((a, b) => a.endMs - b.endMs)
  const best: { readonly ms: number; readonly before: number | undefined }[] = []
  for (const [index, work] of sorted.entries()) {
    let before: number | undefined
    for (let earlier = 0; earlier < index; earlier++)
      if (
        hadToWaitFor(work, sorted[earlier]!, needs) &&
        best[earlier]!.ms > (before === undefined ? 0 : best[before]!.ms)
      )
        before = earlier
    const previous = before === undefined ? undefined : sorted[before]
    best.push({
      ms: lengthOf(following(work, previous)) + (before === undefined ? 0 : best[before]!.ms),
      before,
    })
  }
  const chain: Work[] = []
  let at = best.length === 0 ? undefined : best.reduce((top, { ms }, index) => (ms > best[top]!.ms ? index : top), 0)
  while (at !== undefined) {
    const { before } = best[at]!
    chain.unshift(following(sorted[at]!, before === undefined ? undefined : sorted[before]))
    at = before
  }
  return chain
}

/** A guest begins to boot a moment before its host has written down that it is started. */
const OVERLAP_MS = 250

function hadToWaitFor(work: Work, earlier: Work, { [work.kind]: needs }: Needs): boolean {
  if (earlier.startMs >= work.startMs || earlier.endMs > work.startMs + OVERLAP_MS) return false
  const same = work.machine !== undefined && work.machine === earlier.machine
  if (!needs) return same
  return (needs.any?.includes(earlier.kind) ?? false) || (same && (needs.own?.includes(earlier.kind) ?? false))
}

/** What of a work is left when the one before it has ended, so that no moment counts twice. */
const following = (work: Work, previous: Work | undefined): Work =>
  previous && previous.endMs > work.startMs ? { ...work, startMs: previous.endMs } : work

const lengthOf = ({ startMs, endMs }: BusyInterval): number => endMs - startMs

export const busyMs = (chain: readonly Work[]): number => chain.reduce((total, work) => total + lengthOf(work), 0)

/** A stretch of the makespan in which nothing of the path went on. */
export interface Gap {
  readonly after: string
  readonly before: string
  readonly startMs: number
  readonly ms: number
}

/** Longest first. Gaps and the chain together are the makespan. */
export function gapsOf(chain: readonly Work[], startMs: number, endMs: number): readonly Gap[] {
  const stops = [
    { says: 'apply', startMs, endMs: startMs },
    ...chain.map((work) => ({ ...work, says: sayWork(work) })),
    { says: 'ready', startMs: endMs, endMs },
  ]
  return stops
    .slice(1)
    .map((stop, index) => {
      const last = stops[index]!
      return { after: last.says, before: stop.says, startMs: last.endMs, ms: stop.startMs - last.endMs }
    })
    .filter((gap) => gap.ms > 0)
    .toSorted((a, b) => b.ms - a.ms)
}

export const sayWork = (work: Work): string => `${work.kind} ${work.machine ?? work.subject}`
