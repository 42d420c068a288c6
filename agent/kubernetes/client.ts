import { err, ok, type Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import type { Dialer } from '../dialer.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import { kubernetesCalls, toJson, type Answer } from './calls.ts'
import { BoundPodList, refusalOf, type BoundPod, type Eviction } from './bound-pods.ts'
import { NodeList, OneNode, PodList, type KubernetesNode, type KubernetesPod } from './shapes.ts'

/**
 * The few calls the agent makes to a cluster's Kubernetes API, at the VIP or at any control plane. Problems any call may
 * bring: kubernetes-unreachable (later; `status` is there when the API answered that it cannot serve now),
 * kubernetes-forbidden (later), kubernetes-refused (never), cancelled. Each call with an effect may be repeated, and may
 * bring outcome-unknown (look-again): the request left and no answer came.
 */
export interface KubernetesClient {
  /** The API server is ready to serve. */
  readyz(signal?: AbortSignal): Promise<Result<void, Problem>>
  listNodes(signal?: AbortSignal): Promise<Result<readonly KubernetesNode[], Problem>>
  findNode(name: string, signal?: AbortSignal): Promise<Result<KubernetesNode | 'absent', Problem>>
  listPods(namespace: string, signal?: AbortSignal): Promise<Result<readonly KubernetesPod[], Problem>>
  /** Everything that is bound to the node, in all namespaces. */
  listPodsOn(nodeName: string, signal?: AbortSignal): Promise<Result<readonly BoundPod[], Problem>>
  /** Keeps new pods off the node, and writes on it for whom; one that is cordoned already stays as it is. */
  cordon(name: string, forWhom: string, signal?: AbortSignal): Promise<Result<'cordoned' | 'absent', Problem>>
  /** Takes that back, if it was done for the same one: what a person cordoned stays cordoned. */
  uncordon(name: string, forWhom: string, signal?: AbortSignal): Promise<Result<void, Problem>>
  /** Asks for this very pod, not for a later one of its name, to be shut down as its disruption budgets allow. */
  evictPod(pod: BoundPod, signal?: AbortSignal): Promise<Result<Eviction, Problem>>
  deleteNode(name: string, signal?: AbortSignal): Promise<Result<'deleted' | 'absent', Problem>>
  close(): Promise<void>
}

/** On a node that was cordoned here: the machine for whose leaving it was. */
const CORDONED_FOR = 'lanline/cordoned-for'
/** A merge patch; null takes away. */
interface NodePatch {
  readonly annotations: Readonly<Record<string, string | null>>
  readonly unschedulable: true | null
}

const nodePath = (name: string): string => `/api/v1/nodes/${encodeURIComponent(name)}`
const podsPath = (namespace: string): string => `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`

export function kubernetesClient(to: {
  readonly dialer: Dialer
  /** As in `https://192.168.1.50:6443`. */
  readonly server: string
  readonly identity: ClientIdentity
}): KubernetesClient {
  const { send, list, refused, close } = kubernetesCalls(to)
  const readOne = <T>(
    path: string,
    answer: Answer,
    parse: (body: unknown) => T | undefined,
  ): Result<T | 'absent', Problem> => {
    if (answer.status === 404) return ok('absent')
    const value = answer.status === 200 ? parse(toJson(answer.body)) : undefined
    return value === undefined ? err(refused(path, answer)) : ok(value)
  }
  async function findNode(name: string, signal: AbortSignal | undefined) {
    const path = nodePath(name)
    const answer = await send({ method: 'GET', path, signal })
    return answer.ok ? readOne(path, answer.value, (body) => OneNode.safeParse(body).data) : answer
  }
  async function patchNode(name: string, { annotations, ...spec }: NodePatch, signal: AbortSignal | undefined) {
    const path = nodePath(name)
    const answer = await send({ method: 'PATCH', path, body: { metadata: { annotations }, spec }, signal })
    return answer.ok ? readOne(path, answer.value, () => 'set' as const) : answer
  }

  return {
    async readyz(signal) {
      const answer = await send({ method: 'GET', path: '/readyz', signal })
      if (!answer.ok) return answer
      return answer.value.status === 200 ? ok(undefined) : err(refused('/readyz', answer.value))
    },
    listNodes: (signal) => list('/api/v1/nodes', { schema: NodeList, signal }),
    findNode,
    listPods: (namespace, signal) => list(podsPath(namespace), { schema: PodList, signal }),
    listPodsOn: (nodeName, signal) =>
      list('/api/v1/pods', { schema: BoundPodList, query: { fieldSelector: `spec.nodeName=${nodeName}` }, signal }),
    async cordon(name, forWhom, signal) {
      const node = await findNode(name, signal)
      if (!node.ok) return node
      if (node.value === 'absent') return ok('absent')
      if (!node.value.schedulable) return ok('cordoned')
      const set = await patchNode(name, { annotations: { [CORDONED_FOR]: forWhom }, unschedulable: true }, signal)
      return set.ok ? ok(set.value === 'absent' ? 'absent' : 'cordoned') : set
    },
    async uncordon(name, forWhom, signal) {
      const node = await findNode(name, signal)
      if (!node.ok) return node
      if (node.value === 'absent' || node.value.annotations[CORDONED_FOR] !== forWhom) return ok(undefined)
      const set = await patchNode(name, { annotations: { [CORDONED_FOR]: null }, unschedulable: null }, signal)
      return set.ok ? ok(undefined) : set
    },
    async evictPod({ namespace, name, uid }, signal) {
      const path = `${podsPath(namespace)}/${encodeURIComponent(name)}/eviction`
      const body = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
        deleteOptions: { preconditions: { uid } },
      }
      const answer = await send({ method: 'POST', path, body, signal })
      if (!answer.ok) return answer
      const { status, retryAfterS, body: text } = answer.value
      if (status < 300) return ok({ is: 'accepted' })
      // 409: a pod of this name with another identity; the one that was meant is gone.
      if (status === 404 || status === 409) return ok({ is: 'gone' })
      if (status === 429) return ok({ is: 'refused', reason: refusalOf(toJson(text)), retryAfterS })
      return err(refused(path, answer.value))
    },
    async deleteNode(name, signal) {
      const path = nodePath(name)
      const answer = await send({ method: 'DELETE', path, signal })
      if (!answer.ok) return answer
      if (answer.value.status === 404) return ok('absent')
      return answer.value.status < 300 ? ok('deleted') : err(refused(path, answer.value))
    },
    close,
  }
}
