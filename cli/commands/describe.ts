import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf, type Api } from '../api/client.ts'
import { listAll } from '../api/list.ts'
import type { ApiError } from '../api/problem.ts'
import {
  AgentsView,
  CapacityView,
  ClusterView,
  GuestView,
  ObjectView,
  OperationView,
  SiteView,
  toMs,
  type ClusterStatusView,
  type HostCapacityView,
} from '../api/views.ts'
import { PLURALS } from '#core/model/document.ts'
import { formatMiB } from '#core/base/units.ts'
import { sayShare } from '#core/placement/capacity.ts'
import type { Failure } from '../failure.ts'
import { sayHold, sayPhase } from '../live/words.ts'
import { readKind } from '../kinds.ts'
import { machineColumns, operationColumns, type Showing } from '../output/columns.ts'
import { toYaml } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { plural, printable, sayAge, sayDuration } from '../output/text.ts'
import { failed, type Run, type Session } from '../session.ts'

/** Operations that are done are history; a few show what happened last. */
const MAX_OPERATIONS = 20

/** `lanline describe KIND NAME`: all there is to know, above all why something waits. */
export function registerDescribe(program: Command, run: Run): void {
  program
    .command('describe')
    .description('show one object with why it waits, its machines, operations and findings')
    .argument('<kind>')
    .argument('<name>')
    .action((word: string, name: string) => run((session) => describe(session, word, name)))
}

async function describe({ io, connect }: Session, word: string, name: string): Promise<Result<void, Failure>> {
  const kind = readKind(word)
  if (!kind.ok) return kind
  const api = await connect()
  if (!api.ok) return api
  const showing = { now: io.now(), style: io.outStyle }
  const lines = await (kind.value === 'Cluster'
    ? describeCluster(api.value, name, showing)
    : kind.value === 'Site'
      ? describeSite(api.value, name, showing)
      : kind.value === 'Machine'
        ? describeMachine(api.value, name, showing)
        : describeObject(api.value, PLURALS[kind.value], name, showing))
  if (!lines.ok) return failed(io, lines.error)
  for (const line of lines.value) io.out(line)
  return ok(undefined)
}

type Lines = Promise<Result<readonly string[], ApiError>>

async function describeCluster(api: Api, name: string, showing: Showing): Lines {
  const answer = await api.call({ method: 'GET', path: pathOf('clusters', name), answer: ClusterView })
  if (!answer.ok) return answer
  const operations = await listAll(api, pathOf('operations'), OperationView, { cluster: name })
  if (!operations.ok) return operations
  const { now, style } = showing
  const { metadata, spec, status } = answer.value.value
  return ok([
    ...headLines('Cluster', answer.value.value, showing),
    ...field('Phase', status ? sayPhase(status.phase, style) : 'not planned yet'),
    ...field('Versions', `Talos ${spec.talos.version}, Kubernetes ${spec.kubernetes.version}`),
    ...field(
      'Contract',
      status?.talosContract === undefined ? undefined : `Talos ${status.talosContract}, kept when Talos is upgraded`,
    ),
    ...field('Site', spec.site),
    ...field('VIP', spec.endpoint.vip),
    ...field('Planned for', status ? `generation ${status.observedGeneration} of ${metadata.generation}` : undefined),
    ...field('Site seen', status?.seenAt === undefined ? 'never' : `${sayDuration(now - toMs(status.seenAt))} ago`),
    ...statusLines(name, status, showing),
    ...section('Operations', operationLines(operations.value.items, showing)),
  ])
}

/** Why it waits, what is worth knowing, and its machines. */
function statusLines(name: string, status: ClusterStatusView | undefined, showing: Showing): readonly string[] {
  const { now, style } = showing
  const machines = (status?.machines ?? []).map((machine) => ({ cluster: name, ...machine }))
  return [
    ...section(
      'Waits for',
      (status?.waiting ?? []).flatMap((hold) => {
        const { says, unblock } = sayHold(hold)
        return [
          `${style.yellow(printable(hold.subject))}  ${says}  ${style.dim(`(${hold.code}, for ${sayDuration(now - toMs(hold.since))})`)}`,
          ...(unblock === '' ? [] : [`  ${unblock}`]),
        ]
      }),
    ),
    ...section(
      'Findings',
      (status?.findings ?? []).map((finding) => printable(finding.text)),
    ),
    ...section(
      'Machines',
      machines.length === 0 ? [] : renderTable(machineColumns(showing).slice(1), machines, { wide: true }),
    ),
  ]
}

/** A machine that is none's: one that is adopted has neither a life nor operations. */
async function describeMachine(api: Api, name: string, showing: Showing): Lines {
  const answer = await api.call({ method: 'GET', path: pathOf('machines', name), answer: GuestView })
  if (!answer.ok) return answer
  const { spec, status } = answer.value.value
  const managed = spec.mode === 'managed'
  const operations = managed ? await listAll(api, pathOf('operations'), OperationView, { machine: name }) : undefined
  if (operations && !operations.ok) return operations
  const { now, style } = showing
  return ok([
    ...headLines('Machine', answer.value.value, showing),
    ...(managed
      ? [
          ...field('Phase', status ? sayPhase(status.phase, style) : 'not planned yet'),
          ...field(
            'Site seen',
            status?.seenAt === undefined ? 'never' : `${sayDuration(now - toMs(status.seenAt))} ago`,
          ),
          ...statusLines(name, status, showing),
          ...section('Operations', operationLines(operations?.value.items ?? [], showing)),
        ]
      : []),
    ...section('Spec', toYaml([spec]).split('\n')),
  ])
}

function operationLines(operations: readonly OperationView[], showing: Showing): readonly string[] {
  if (operations.length === 0) return []
  const newest = operations.toSorted((a, b) => toMs(b.createdAt) - toMs(a.createdAt)).slice(0, MAX_OPERATIONS)
  const rest = operations.length - newest.length
  const columns = operationColumns(showing).filter((column) => column.title !== 'CLUSTER')
  return [...renderTable(columns, newest), ...(rest > 0 ? [`… and ${plural(rest, 'older one')}`] : [])]
}

async function describeSite(api: Api, name: string, showing: Showing): Lines {
  const answer = await api.call({ method: 'GET', path: pathOf('sites', name), answer: SiteView })
  if (!answer.ok) return answer
  const capacity = await api.call({ method: 'GET', path: pathOf('sites', name, 'capacity'), answer: CapacityView })
  if (!capacity.ok) return capacity
  const agents = await api.call({ method: 'GET', path: pathOf('sites', name, 'agents'), answer: AgentsView })
  if (!agents.ok) return agents
  const { spec, status } = answer.value.value
  const since = status?.agent ? `, for ${sayDuration(showing.now - toMs(status.agent.since))}` : ''
  return ok([
    ...headLines('Site', answer.value.value, showing),
    ...field('Phase', status ? `${sayPhase(status.phase, showing.style)}${since}` : 'waiting'),
    ...field(
      'Agent',
      status?.agent
        ? `${status.agent.agentId} ${status.agent.version}`
        : agents.value.value.items.some((agent) => agent.revokedAt === undefined)
          ? 'not connected; look at it on its machine: lanline-agent status'
          : `none; enrol one: lanline agent enroll ${name}`,
    ),
    ...field('VMIDs', spec.vmids),
    ...section('Capacity', capacity.value.value.hosts.flatMap(capacityLines)),
    ...section(
      'Adopted guests, counted and never touched',
      capacity.value.value.adopted.map(
        ({ name, host, vmid, cpu, memoryMiB, seen }) =>
          `${printable(name)}  ${printable(host)}/${vmid}  ${cpu} CPU  ${formatMiB(memoryMiB)}  ${seen}`,
      ),
    ),
    ...section(
      'Enrolled agents',
      agents.value.value.items.map(
        (agent) =>
          `${agent.agentId}  ${printable(agent.hostname)}  ${printable(agent.fingerprint)}  enrolled ${sayAge(showing.now - toMs(agent.enrolledAt))} ago${agent.revokedAt === undefined ? '' : ', revoked'}`,
      ),
    ),
  ])
}

const capacityLines = (host: HostCapacityView): readonly string[] => [
  `${printable(host.host)}${host.online === false ? ' (offline)' : ''}`,
  `  ${sayShare(host.cpu, 'cpu')}`,
  `  ${sayShare(host.memoryMiB, 'memory')}`,
]

async function describeObject(api: Api, plural: string, name: string, showing: Showing): Lines {
  const answer = await api.call({ method: 'GET', path: pathOf(plural, name), answer: ObjectView })
  if (!answer.ok) return answer
  const object = answer.value.value
  return ok([...headLines(object.kind, object, showing), ...section('Spec', toYaml([object.spec]).split('\n'))])
}

function headLines(
  kind: string,
  { metadata }: Pick<ObjectView, 'metadata'>,
  { now, style }: Showing,
): readonly string[] {
  const annotations = Object.entries(metadata.annotations ?? {}).map(([key, value]) => printable(`${key}: ${value}`))
  return [
    style.bold(`${kind} ${metadata.name}`),
    ...field('UID', metadata.uid),
    ...field('Created', `${sayAge(now - toMs(metadata.createdAt))} ago`),
    ...field(
      'Deleting',
      metadata.deletingAt === undefined ? undefined : `for ${sayDuration(now - toMs(metadata.deletingAt))}`,
    ),
    ...field('Annotations', annotations.length === 0 ? undefined : annotations.join(', ')),
  ]
}

const NAME_COLUMNS = 13

/** One line, or none when there is nothing to say. */
const field = (name: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [`${name}:`.padEnd(NAME_COLUMNS) + value]

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)]
