import { textOf } from '../talos/config/shape.ts'
import { at, isLeaving, records as list } from './fields.ts'
import type { KubeObject } from './objects.ts'

/** What kubectl prints: rows made by the server, so that the client needs to know nothing of the kind. */
interface Column {
  readonly name: string
  readonly type: 'string' | 'date' | 'integer'
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority: 0 | 1
  readonly cell: (object: KubeObject, now: number) => unknown
}

const NONE = '<none>'
const column = (name: string, priority: 0 | 1, cell: Column['cell']): Column => ({
  name,
  type: 'string',
  priority,
  cell,
})
const NAME: Column = column('Name', 0, (object) => object.metadata.name)
const AGE: Column = column('Age', 0, (object, now) => age(object.metadata.creationTimestamp, now))
const info = (key: string) => (node: KubeObject) => at(node, 'status', 'nodeInfo', key) ?? '<unknown>'

const count = (name: string, ...keys: readonly string[]): Column => ({
  ...column(name, 0, (object) => at(object, ...keys) ?? 0),
  type: 'integer',
})
const containers = (field: 'name' | 'image') => (set: KubeObject) =>
  list(at(set, 'spec', 'template', 'spec', 'containers'))
    .map((one) => String(one[field]))
    .join(',')
/** What `-o wide` adds for everything that makes pods. */
const TEMPLATE: readonly Column[] = [
  column('Containers', 1, containers('name')),
  column('Images', 1, containers('image')),
  column('Selector', 1, (set) =>
    Object.entries(at(set, 'spec', 'selector', 'matchLabels') ?? {})
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(','),
  ),
]

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  nodes: [
    NAME,
    column('Status', 0, nodeStatus),
    column('Roles', 0, nodeRoles),
    AGE,
    column('Version', 0, info('kubeletVersion')),
    column(
      'Internal-IP',
      1,
      (node) => list(at(node, 'status', 'addresses')).find((one) => one['type'] === 'InternalIP')?.['address'] ?? NONE,
    ),
    column('External-IP', 1, () => NONE),
    column('OS-Image', 1, info('osImage')),
    column('Kernel-Version', 1, info('kernelVersion')),
    column('Container-Runtime', 1, info('containerRuntimeVersion')),
  ],
  pods: [
    NAME,
    column('Ready', 0, (pod) => {
      const containers = list(at(pod, 'status', 'containerStatuses'))
      return `${containers.filter((one) => one['ready'] === true).length}/${containers.length}`
    }),
    column('Status', 0, podStatus),
    column('Restarts', 0, () => '0'),
    AGE,
    column('IP', 1, (pod) => at(pod, 'status', 'podIP') ?? NONE),
    column('Node', 1, (pod) => at(pod, 'spec', 'nodeName') ?? NONE),
  ],
  daemonsets: [
    NAME,
    count('Desired', 'status', 'desiredNumberScheduled'),
    count('Current', 'status', 'currentNumberScheduled'),
    count('Ready', 'status', 'numberReady'),
    count('Up-to-date', 'status', 'updatedNumberScheduled'),
    count('Available', 'status', 'numberAvailable'),
    column('Node Selector', 0, () => NONE),
    AGE,
    ...TEMPLATE,
  ],
  deployments: [
    NAME,
    column('Ready', 0, (one) => `${String(at(one, 'status', 'readyReplicas'))}/${String(at(one, 'spec', 'replicas'))}`),
    count('Up-to-date', 'status', 'updatedReplicas'),
    count('Available', 'status', 'availableReplicas'),
    AGE,
    ...TEMPLATE,
  ],
  replicasets: [
    NAME,
    count('Desired', 'spec', 'replicas'),
    count('Current', 'status', 'replicas'),
    count('Ready', 'status', 'readyReplicas'),
    AGE,
    ...TEMPLATE,
  ],
  poddisruptionbudgets: [
    NAME,
    column('Min Available', 0, (one) => textOf(at(one, 'spec', 'minAvailable') ?? 'N/A')),
    column('Max Unavailable', 0, (one) => textOf(at(one, 'spec', 'maxUnavailable') ?? 'N/A')),
    count('Allowed Disruptions', 'status', 'disruptionsAllowed'),
    AGE,
  ],
  namespaces: [NAME, column('Status', 0, (namespace) => at(namespace, 'status', 'phase')), AGE],
}
const PLAIN = [NAME, AGE]

/** A `meta.k8s.io/v1` Table of the objects. */
export function toTable(plural: string, objects: readonly KubeObject[], resourceVersion: string, now: number): unknown {
  const columns = COLUMNS[plural] ?? PLAIN
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: columns.map(({ name, type, priority }) => ({
      name,
      type,
      format: name === 'Name' ? 'name' : '',
      description: name,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((one) => one.cell(object, now)),
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  }
}

function podStatus(pod: KubeObject): unknown {
  if (isLeaving(pod)) return 'Terminating'
  const waiting = list(at(pod, 'status', 'containerStatuses')).map((one) => at(one, 'state', 'waiting', 'reason'))
  const isBound = at(pod, 'spec', 'nodeName') !== undefined
  return (isBound ? waiting.find((reason) => reason !== undefined) : undefined) ?? at(pod, 'status', 'phase')
}

function nodeStatus(node: KubeObject): string {
  const ready = list(at(node, 'status', 'conditions')).find((one) => one['type'] === 'Ready')?.['status']
  const words = [ready === 'True' ? 'Ready' : 'NotReady']
  if (at(node, 'spec', 'unschedulable') === true) words.push('SchedulingDisabled')
  return words.join(',')
}

function nodeRoles(node: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/'
  const roles = Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length))
  return roles.length > 0 ? roles.sort().join(',') : NONE
}

/** kubectl's short ages: `45s`, `12m`, `5h`, `3d`. */
function age(created: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(created)) / 1000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 120 * 60) return `${Math.floor(seconds / 60)}m`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}
