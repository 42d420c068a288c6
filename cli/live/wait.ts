import { ok, type Result } from '#core/base/result.ts'
import { needsPerson } from '#core/model/hold.ts'
import type { Api } from '../api/client.ts'
import { toFailure } from '../api/problem.ts'
import type { ClusterStatusView, LivingView } from '../api/views.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { printable, sayDuration } from '../output/text.ts'
import { changesBetween } from './changes.ts'
import { renderCluster } from './render-cluster.ts'
import { liveBlock } from './terminal.ts'
import { watchCluster } from './watch-cluster.ts'
import { sayHold } from './words.ts'

/** What `--wait` waits for: a cluster each, or a machine that is none's. */
export interface Goal {
  readonly kind?: 'Machine' | undefined
  readonly cluster: string
  /** The object that is meant; another object of the same name is not. */
  readonly uid: string | undefined
  readonly until: 'ready' | 'gone'
  /** The generation that has to be ready. */
  readonly generation?: number | undefined
}

/** Times on the screen move on between two looks. */
const REDRAW_MS = 1_000

type Verdict = 'reached' | 'stuck'

/** Shows the clusters until each has reached its goal, needs a person, or the time is over. */
export async function waitFor(
  api: Api,
  io: Io,
  goals: readonly Goal[],
  timeoutMs: number,
): Promise<Result<void, Failure>> {
  const startedAt = io.now()
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([io.signal, timeout])
  const looks = new Map<string, ClusterStatusView | undefined>()
  const block = io.screen ? liveBlock(io.screen) : undefined
  const draw = () =>
    block?.draw(
      goals.flatMap(({ cluster }) => {
        const status = looks.get(cluster)
        const options = { name: cluster, style: io.style, startedAt }
        return status ? renderCluster(status, io.now(), options) : [`${cluster}  …`]
      }),
    )
  const timer = setInterval(draw, REDRAW_MS)
  const watches = goals.map((goal) =>
    watchCluster(api, {
      cluster: goal.cluster,
      kind: goal.kind,
      signal,
      verdict: (found) => judge(goal, found),
      onLook: (found) => {
        const status = found?.status
        if (!block && status) changesBetween(goal.cluster, looks.get(goal.cluster), status).forEach(io.say)
        looks.set(goal.cluster, status)
        draw()
      },
    }),
  )
  const results = await Promise.all(watches)
  clearInterval(timer)
  block?.end()

  for (const result of results) if (!result.ok) return { ok: false, error: toFailure(result.error, io.style) }
  if (io.signal.aborted) return fail(EXIT.cancelled, 'Stopped waiting; the work goes on without you.')
  const verdicts = results.map((result) =>
    result.ok && result.value.ended === 'verdict' ? result.value.verdict : undefined,
  )
  const stuck = goals.filter((_, index) => verdicts[index] === 'stuck')
  if (stuck.length > 0) return fail(EXIT.blocked, ...stuck.flatMap((goal) => sayStuck(goal, looks.get(goal.cluster))))
  const open = goals.filter((_, index) => verdicts[index] === undefined)
  if (open.length > 0)
    return fail(
      EXIT.timeout,
      `After ${sayDuration(timeoutMs)}, ${open.map((goal) => `${goal.cluster} is not ${goal.until}`).join(', ')}; the work goes on without you.`,
      ...open.map(
        (goal) => `See why: lanline describe ${goal.kind === 'Machine' ? 'machine' : 'cluster'} ${goal.cluster}`,
      ),
    )
  for (const goal of goals) io.say(`${goal.cluster} is ${goal.until} after ${sayDuration(io.now() - startedAt)}.`)
  return ok(undefined)
}

function judge(goal: Goal, found: LivingView | undefined): Verdict | undefined {
  const same = found !== undefined && (goal.uid === undefined || found.metadata.uid === goal.uid)
  if (goal.until === 'gone' && (!same || found.status?.phase === 'gone')) return 'reached'
  const status = found?.status
  if (!same || !status || status.observedGeneration < (goal.generation ?? 0)) return undefined
  if (goal.until === 'ready' && status.phase === 'ready') return 'reached'
  return status.waiting.some(({ code }) => needsPerson(code)) ? 'stuck' : undefined
}

function sayStuck(goal: Goal, status: ClusterStatusView | undefined): readonly string[] {
  const holds = (status?.waiting ?? []).filter(({ code }) => needsPerson(code))
  return [
    `${goal.cluster} will not become ${goal.until} until a person acts:`,
    ...holds.map((hold) => {
      const { says, unblock } = sayHold(hold)
      return `  ${printable(hold.subject)}: ${says} ${unblock}`.trimEnd()
    }),
  ]
}
