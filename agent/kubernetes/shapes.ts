import { z } from 'zod'

/** What the agent reads of Kubernetes objects: a few fields, under our own names. */
export interface KubernetesNode {
  readonly name: string
  readonly ready: boolean
  /** Not cordoned. */
  readonly schedulable: boolean
  /** As in `v1.36.3`. */
  readonly kubeletVersion: string
  /** InternalIP addresses. */
  readonly addresses: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface KubernetesPod {
  readonly name: string
  /** The address of the node it runs on; empty while it has none. */
  readonly hostIp: string
  /** As in `Running`. */
  readonly phase: string
  readonly ready: boolean
  readonly labels: Readonly<Record<string, string>>
}

const Conditions = z.array(z.object({ type: z.string(), status: z.string() })).nullish()
const Labels = z.record(z.string(), z.string()).nullish()
const ListMeta = z.object({ continue: z.string().nullish() }).nullish()

const isReady = (conditions: z.infer<typeof Conditions>): boolean =>
  conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

const Node = z
  .object({
    metadata: z.object({ name: z.string(), labels: Labels, annotations: Labels }),
    spec: z.object({ unschedulable: z.boolean().nullish() }).nullish(),
    status: z.object({
      conditions: Conditions,
      addresses: z.array(z.object({ type: z.string(), address: z.string() })).nullish(),
      nodeInfo: z.object({ kubeletVersion: z.string() }).nullish(),
    }),
  })
  .transform(({ metadata, spec, status }): KubernetesNode => ({
    name: metadata.name,
    ready: isReady(status.conditions),
    schedulable: spec?.unschedulable !== true,
    kubeletVersion: status.nodeInfo?.kubeletVersion ?? '',
    addresses: (status.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
  }))

const Pod = z
  .object({
    metadata: z.object({ name: z.string(), labels: Labels }),
    status: z.object({ conditions: Conditions, hostIP: z.string().nullish(), phase: z.string().nullish() }).nullish(),
  })
  .transform(({ metadata, status }): KubernetesPod => ({
    name: metadata.name,
    hostIp: status?.hostIP ?? '',
    phase: status?.phase ?? '',
    ready: isReady(status?.conditions),
    labels: metadata.labels ?? {},
  }))

const listOf = <T>(item: z.ZodType<T>) =>
  z
    .object({ metadata: ListMeta, items: z.array(item).nullish() })
    .transform(({ metadata, items }) => ({ items: items ?? [], next: metadata?.continue ?? '' }))

export const OneNode = Node
export const NodeList = listOf(Node)
export const PodList = listOf(Pod)

/** The body of a refusal: kind Status. */
export const KubernetesError = z.object({ message: z.string() })
