import { z } from 'zod'

/** A pod that is bound to a node, as far as it matters to somebody who asks it to leave. */
export interface BoundPod {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** As in `Running`. */
  readonly phase: string
  /** Kind of its controller, as in `ReplicaSet`; absent when nothing will make it again elsewhere. */
  readonly controller: string | undefined
  /** The kubelet made it from a file; what the API shows is a picture of it, and goes with the node. */
  readonly isMirror: boolean
  /** Its shutdown has begun. */
  readonly isLeaving: boolean
  /** Has a volume that ends with it. */
  readonly hasEmptyDir: boolean
}

/** What the API said to an eviction. */
export type Eviction =
  | { readonly is: 'accepted' }
  | { readonly is: 'gone' }
  /** Not now. `reason` is the API's own sentence about the budget. */
  | { readonly is: 'refused'; readonly reason: string; readonly retryAfterS: number | undefined }

const MIRROR = 'kubernetes.io/config.mirror'
const MAX_REASON_CHARS = 200

const BoundPod = z
  .object({
    metadata: z.object({
      name: z.string(),
      namespace: z.string(),
      uid: z.string(),
      deletionTimestamp: z.string().nullish(),
      annotations: z.record(z.string(), z.string()).nullish(),
      ownerReferences: z.array(z.object({ kind: z.string(), controller: z.boolean().nullish() })).nullish(),
    }),
    spec: z.object({ volumes: z.array(z.object({ emptyDir: z.unknown() })).nullish() }).nullish(),
    status: z.object({ phase: z.string().nullish() }).nullish(),
  })
  .transform(({ metadata, spec, status }): BoundPod => ({
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    phase: status?.phase ?? '',
    controller: metadata.ownerReferences?.find(({ controller }) => controller === true)?.kind,
    isMirror: metadata.annotations?.[MIRROR] !== undefined,
    isLeaving: typeof metadata.deletionTimestamp === 'string',
    hasEmptyDir: (spec?.volumes ?? []).some(({ emptyDir }) => emptyDir !== undefined && emptyDir !== null),
  }))

export const BoundPodList = z
  .object({ metadata: z.object({ continue: z.string().nullish() }).nullish(), items: z.array(BoundPod).nullish() })
  .transform(({ metadata, items }) => ({ items: items ?? [], next: metadata?.continue ?? '' }))

const Refusal = z.object({
  message: z.string(),
  details: z.object({ causes: z.array(z.object({ message: z.string().nullish() })).nullish() }).nullish(),
})

/** The cause names the budget and its arithmetic; the message alone does not. */
export function refusalOf(body: unknown): string {
  const { data } = Refusal.safeParse(body)
  const cause = data?.details?.causes?.find(({ message }) => message)?.message
  return (cause ?? data?.message ?? 'too many requests').slice(0, MAX_REASON_CHARS)
}
