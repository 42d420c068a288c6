import type { ClusterSpec } from '#core/model/cluster.ts'
import { toETag, type Document } from '#core/model/document.ts'
import type { Operation } from '#core/model/operation.ts'
import type { ClusterStatus } from '#core/model/status.ts'
import type { StageApi } from './api.ts'
import { until } from './until.ts'

/** A cluster as the API shows it. */
export interface ClusterShown {
  readonly metadata: { readonly name: string; readonly uid: string; readonly generation: number }
  readonly spec: ClusterSpec
  readonly status: ClusterStatus
}

export async function apply(api: StageApi, documents: readonly Document[]): Promise<void> {
  const { status, body } = await api.send('POST', '/v1/apply', { documents })
  if (status !== 200) throw new Error(`apply answered ${status}: ${JSON.stringify(body)}`)
}

export const findCluster = (api: StageApi, name: string): Promise<ClusterShown | undefined> =>
  api.find<ClusterShown>(`/v1/clusters/${name}`)

/** The newest hundred; a creation has a dozen. */
export const operationsOf = async (api: StageApi, name: string): Promise<readonly Operation[]> =>
  (await api.find<{ items: readonly Operation[] }>(`/v1/operations?cluster=${name}&limit=100`))?.items ?? []

/** `DELETE` with the precondition and, when given, the confirmation that the API asks for. */
export async function deleteCluster(
  api: StageApi,
  name: string,
  confirm: string | undefined = name,
): Promise<{ status: number; body: { readonly code?: string; readonly status?: ClusterStatus } }> {
  const cluster = await findCluster(api, name)
  if (!cluster) throw new Error(`there is no cluster ${name}`)
  const query = confirm === undefined ? '' : `?confirm=${confirm}`
  return api.send('DELETE', `/v1/clusters/${name}${query}`, undefined, { 'If-Match': toETag(cluster.metadata) })
}

/** Ready for the newest spec, with exactly the machines of the spec. */
export const untilReady = (api: StageApi, name: string, limitMs: number): Promise<ClusterShown> =>
  until(
    `${name} is ready`,
    limitMs,
    async () => {
      const cluster = await findCluster(api, name)
      const current =
        cluster?.status.phase === 'ready' && cluster.status.observedGeneration === cluster.metadata.generation
      return current && cluster
    },
    () => story(api, name),
  )

export const untilGone = (api: StageApi, name: string, limitMs: number): Promise<true> =>
  until(
    `${name} is gone`,
    limitMs,
    async () => (await findCluster(api, name)) === undefined,
    () => story(api, name),
  ).then(() => true)

/** What a person would want to read when it hangs. */
export async function story(api: StageApi, name: string): Promise<string> {
  const cluster = await findCluster(api, name)
  if (!cluster) return `${name}: not found`
  const { phase, machines, waiting } = cluster.status
  return [
    `${name}: ${phase}`,
    ...machines.map((machine) => `  ${machine.name} ${machine.address}: ${machine.phase}`),
    ...waiting.map((hold) => `  waits: ${hold.code} ${hold.subject} ${JSON.stringify(hold.facts)}`),
    ...(await operationsOf(api, name)).map(
      ({ kind, subject, state, attempt, result }) =>
        `  ${kind} ${subject}: ${state}, attempt ${attempt} ${result ? JSON.stringify(result) : ''}`,
    ),
  ].join('\n')
}
