import { hashOf } from '#core/base/canonical-json.ts'
import { invariant } from '#core/base/invariant.ts'
import type { AskedMachine } from '#core/model/cluster-machines.ts'
import type { ClusterDocument, Stored } from '#core/model/document.ts'
import { mintMachineId, mintUid } from '#core/model/ids.ts'
import type { Operation, OperationKind } from '#core/model/operation.ts'
import type { MachineSeen } from '#core/model/seen.ts'
import { askedByName, type ClusterDocuments } from '#core/plan/documents.ts'
import { intentFor, intentHash } from '#core/plan/intent.ts'
import { reconcileMachines } from '#core/plan/machines.ts'
import { plan } from '#core/plan/plan.ts'
import { clusterStatus } from '#core/plan/status.ts'
import type { ClusterView, MachineView } from '#core/plan/view.ts'
import { homelab } from '../stage/story.ts'

/**
 * How long the planner thinks about a cluster of many machines: one look, which is a plan and the status that follows
 * from it. Schemas allow five control planes; the planner has no such bound, so these views are made past the schema.
 */
export interface PlannerTime {
  readonly machineCount: number
  readonly story: string
  readonly medianMs: number
  readonly slowestMs: number
  readonly operations: number
  readonly holds: number
}

const NOW = 1_800_000_000_000
/** Enough for a median; the first looks, which compile, are thrown away. */
const LOOKS = 15
const WARM_UP = 5

export const STORIES = ['all to be made', 'half way', 'all ready'] as const
export type Story = (typeof STORIES)[number]

export function timePlanner(machineCount: number, story: Story): PlannerTime {
  const view = viewOf(machineCount, story)
  const times: number[] = []
  for (let look = 0; look < WARM_UP + LOOKS; look++) {
    const beganAt = performance.now()
    clusterStatus(view, plan(view))
    if (look >= WARM_UP) times.push(performance.now() - beganAt)
  }
  times.sort((a, b) => a - b)
  const next = plan(view)
  return {
    machineCount,
    story,
    medianMs: times[Math.floor(times.length / 2)] ?? 0,
    slowestMs: times.at(-1) ?? 0,
    operations: next.operations.length,
    holds: next.holds.length,
  }
}

export function viewOf(machineCount: number, story: Story): ClusterView {
  const documents = documentsOf(machineCount)
  let minted = 0
  const mint = (): string => mintMachineId(bytesOf(++minted))
  const machines = reconcileMachines([], documents, false, mint).map((machine, index): MachineView => ({
    ...machine,
    placement: {
      machineId: machine.machineId,
      clusterUid: documents.cluster.uid,
      name: machine.name,
      role: machine.role,
      host: 'prod-srv-01',
      imageStorage: 'local',
      vmid: 5000 + index,
      cpu: 4,
      memoryMiB: 8192,
      disks: [{ name: 'talos-system', storage: 'local-zfs', sizeGiB: 32 }],
      nics: [
        {
          network: 'lan',
          bridge: 'vmbr0',
          mac: `02:00:00:00:${hex(index >> 8)}:${hex(index & 0xff)}`,
          address: machine.address,
        },
      ],
      devices: [],
    },
    refusal: undefined,
    seen: undefined,
    node: undefined,
  }))
  const asked = askedByName(documents)
  const stages = machines.map((_, index) => stageOf(story, index))
  const begun = stages.some((stage) => stage >= MEMBER)
  return {
    now: NOW,
    ...documents,
    agent: { online: true, since: NOW },
    seenAt: NOW,
    secretsVersion: story === 'all to be made' ? 0 : 1,
    bootstrap: begun
      ? { machineId: machines[0]?.machineId ?? '', founders: machines.map((machine) => machine.machineId) }
      : undefined,
    machines: machines.map((machine, index) =>
      atStage(machine, stages[index] ?? ABSENT, documents, asked.get(machine.name)),
    ),
    operations: machines.flatMap((machine, index) => historyOf(machine, stages[index] ?? ABSENT, documents)),
    locks: [],
    holds: [],
    contract: '1.13',
    placementFindings: [],
  }
}

/** How far a machine has come; each is one rule's business. */
const [ABSENT, OFF, BLANK, CONFIGURING, MEMBER] = [0, 1, 2, 3, 4] as const

const stageOf = (story: Story, index: number): number => {
  if (story === 'half way') return index === 0 ? MEMBER : index % (MEMBER + 1)
  return story === 'all ready' ? MEMBER : ABSENT
}

function atStage(
  machine: MachineView,
  stage: number,
  documents: ClusterDocuments,
  asked: AskedMachine | undefined,
): MachineView {
  invariant(asked, 'the documents name every machine of the story')
  const { machineId, name, address } = machine
  const seen = (changes: Partial<MachineSeen>): MachineSeen => ({
    machineId,
    power: 'on',
    stage: 'unreachable',
    ready: false,
    ...changes,
  })
  if (stage === ABSENT) return { ...machine, seen: seen({ power: 'absent' }) }
  if (stage === OFF) return { ...machine, seen: seen({ power: 'off' }) }
  if (stage === BLANK || stage === CONFIGURING) return { ...machine, seen: seen({ stage: 'maintenance' }) }
  return {
    ...machine,
    seen: seen({
      stage: 'running',
      ready: true,
      intentHash: intentHash(intentFor(machine, asked, documents, '1.13')),
      etcd: { memberId: name, learner: false, leader: false, healthy: true },
    }),
    node: { clusterUid: documents.cluster.uid, name, ready: true, version: 'v1.36.3', address },
  }
}

const HISTORY: readonly OperationKind[] = ['machine.create', 'machine.start', 'machine.configure']

/** What was done to a machine to bring it there, the last of it under way in `CONFIGURING`. */
const historyOf = (machine: MachineView, stage: number, { cluster }: ClusterDocuments): readonly Operation[] =>
  HISTORY.slice(0, stage === ABSENT ? 0 : Math.min(stage, HISTORY.length)).map((kind, index) => {
    const open = stage === CONFIGURING && kind === 'machine.configure'
    return {
      operationId: `${cluster.uid}-${index}`,
      kind,
      subject: machine.machineId,
      key: hashOf({ kind, subject: machine.machineId }),
      input: { machineId: machine.machineId } as Operation['input'],
      state: open ? 'running' : 'succeeded',
      attempt: 1,
      createdAt: NOW,
      startedAt: NOW,
      ...(open ? {} : { finishedAt: NOW }),
    }
  })

function documentsOf(machineCount: number): ClusterDocuments {
  const { cluster, site, network, machineClass } = homelab()
  const machines = Object.fromEntries(
    Array.from({ length: machineCount }, (_, index) => [`node-${index}`, `10.0.${index >> 8}.${index & 0xff}`]),
  )
  const wide: ClusterDocument = {
    ...cluster,
    spec: { ...cluster.spec, controlPlane: { ...cluster.spec.controlPlane, machines } },
  }
  return {
    cluster: stored(wide, 1),
    site: stored(site, 2),
    networks: {
      lan: stored({ ...network, spec: { ...network.spec, cidr: '10.0.0.0/8', gateway: '10.255.255.254' } }, 3),
    },
    machineClasses: { [machineClass.metadata.name]: stored(machineClass, 4) },
  }
}

const stored = <D extends (Stored extends infer S ? Omit<S, 'uid' | 'generation' | 'createdAt' | 'updatedAt'> : never)>(
  document: D,
  seed: number,
) => ({ ...document, uid: mintUid(NOW, bytesOf(seed)), generation: 1, createdAt: NOW, updatedAt: NOW })

const bytesOf = (seed: number): Uint8Array =>
  Uint8Array.from({ length: 16 }, (_, index) => (seed >> (8 * (index % 4))) & 0xff)

const hex = (byte: number): string => byte.toString(16).padStart(2, '0').toUpperCase()
