import { z } from 'zod'
import { EnrollRequest } from '#core/protocol/enroll.ts'
import { Uid } from '#core/model/ids.ts'
import { Placement } from '#core/model/placement.ts'
import { FactsSchema } from '#core/model/problem-schema.ts'
import type { Facts } from '#core/model/problem.ts'

/**
 * What the CLI reads of the API's answers: only the fields it shows. Words such as phases stay strings, so that a newer
 * API can know more of them.
 */

/** Epoch ms inside a status, ISO text in metadata. */
export const Moment = z.union([z.number(), z.iso.datetime({ offset: true })])
export type Moment = z.infer<typeof Moment>
export const toMs = (moment: Moment): number => (typeof moment === 'number' ? moment : Date.parse(moment))

const FactsView: z.ZodType<Facts> = FactsSchema

export const HoldView = z.object({ code: z.string(), subject: z.string(), facts: FactsView, since: Moment })
export type HoldView = z.infer<typeof HoldView>

export const MachineView = z.object({
  name: z.string(),
  role: z.string(),
  phase: z.string(),
  address: z.string(),
  host: z.string().optional(),
  vmid: z.number().optional(),
  talosVersion: z.string().optional(),
  kubernetesVersion: z.string().optional(),
  etcd: z.string().optional(),
  operation: z
    .object({
      operationId: z.string(),
      kind: z.string(),
      state: z.string(),
      step: z.string().optional(),
      since: Moment,
    })
    .optional(),
})
export type MachineView = z.infer<typeof MachineView>

export const FindingView = z.object({ code: z.string(), text: z.string() })
export type FindingView = z.infer<typeof FindingView>

export const ClusterStatusView = z.object({
  phase: z.string(),
  observedGeneration: z.number(),
  talosContract: z.string().optional(),
  machines: z.array(MachineView).readonly(),
  waiting: z.array(HoldView).readonly(),
  findings: z.array(FindingView).readonly(),
  seenAt: Moment.optional(),
})
export type ClusterStatusView = z.infer<typeof ClusterStatusView>

export const SiteStatusView = z.object({
  phase: z.string(),
  agent: z.object({ agentId: z.string(), version: z.string(), since: Moment }).optional(),
  hosts: z
    .array(
      z.object({
        name: z.string(),
        online: z.boolean(),
        threads: z.number(),
        memoryMiB: z.number(),
        version: z.string(),
      }),
    )
    .readonly(),
})

const MetadataView = z.object({
  name: z.string(),
  annotations: z.record(z.string(), z.string()).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  uid: z.string(),
  generation: z.number(),
  createdAt: Moment,
  updatedAt: Moment,
  deletingAt: Moment.optional(),
})

const objectOf = <Spec extends z.ZodType, Status extends z.ZodType>(spec: Spec, status: Status) =>
  z.object({ kind: z.string(), metadata: MetadataView, spec, status: status.optional() })

export const SiteView = objectOf(
  z.object({ vmids: z.string(), hosts: z.array(z.object({ name: z.string() })) }),
  SiteStatusView,
)
export const NetworkView = objectOf(
  z.object({
    site: z.string(),
    bridge: z.string(),
    vlan: z.number().optional(),
    cidr: z.string(),
    gateway: z.string().optional(),
  }),
  z.unknown(),
)
export const MachineClassView = objectOf(
  z.object({ cpu: z.number(), memory: z.string(), disks: z.array(z.object({ size: z.string() })) }),
  z.unknown(),
)
export const ClusterView = objectOf(
  z.object({
    site: z.string(),
    talos: z.object({ version: z.string() }),
    kubernetes: z.object({ version: z.string() }),
    endpoint: z.object({ vip: z.string() }),
    controlPlane: z.object({ machines: z.record(z.string(), z.string()) }),
    workers: z
      .record(
        z.string(),
        z.object({ count: z.number().optional(), machines: z.record(z.string(), z.unknown()).optional() }),
      )
      .optional(),
  }),
  ClusterStatusView,
)
export const GuestView = objectOf(
  // All of it is shown when it is described.
  z.looseObject({ site: z.string(), host: z.string().optional(), mode: z.string(), vmid: z.number().optional() }),
  ClusterStatusView,
)
/** What has a life of its own: a cluster, or a machine that is none's. */
export const LivingView = objectOf(z.unknown(), ClusterStatusView)
export type LivingView = z.infer<typeof LivingView>
/** Any kind, for commands that need no more than its identity. */
export const ObjectView = objectOf(z.unknown(), z.unknown())

export type SiteView = z.infer<typeof SiteView>
export type NetworkView = z.infer<typeof NetworkView>
export type MachineClassView = z.infer<typeof MachineClassView>
export type ClusterView = z.infer<typeof ClusterView>
export type GuestView = z.infer<typeof GuestView>
export type ObjectView = z.infer<typeof ObjectView>

const ShareView = z.object({
  physical: z.number(),
  host: z.number(),
  reserved: z.record(z.string(), z.number()),
  adopted: z.number(),
  foreign: z.number(),
  managed: z.number(),
  inFlight: z.number(),
  free: z.number(),
})
export const HostCapacityView = z.object({
  host: z.string(),
  online: z.boolean().optional(),
  cpu: ShareView,
  memoryMiB: ShareView,
})
export type HostCapacityView = z.infer<typeof HostCapacityView>
/** A guest that is counted and never touched: the Machine documents of a site. */
export const AdoptedView = z.object({
  name: z.string(),
  host: z.string(),
  vmid: z.number(),
  cpu: z.number(),
  memoryMiB: z.number(),
  seen: z.string(),
})
export type AdoptedView = z.infer<typeof AdoptedView>
export const CapacityView = z.object({ hosts: z.array(HostCapacityView), adopted: z.array(AdoptedView) })

const PlanView = z.object({
  operations: z.array(z.object({ kind: z.string(), subject: z.string() })),
  holds: z.array(z.object({ code: z.string(), subject: z.string(), text: z.string(), unblock: z.string().optional() })),
  findings: z.array(FindingView),
  placement: z
    .array(
      z.object({
        machine: z.string(),
        host: z.string(),
        hosts: z.array(z.object({ host: z.string(), says: z.string() })),
      }),
    )
    .optional(),
})
export type PlanView = z.infer<typeof PlanView>

export const ApplyView = z.object({
  results: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      action: z.enum(['created', 'changed', 'unchanged']),
      uid: z.string().optional(),
      generation: z.number().optional(),
    }),
  ),
  plans: z.record(z.string(), PlanView).optional(),
  machinePlans: z.record(z.string(), PlanView).optional(),
})

const ProblemView = z.object({
  code: z.string(),
  facts: FactsView,
  get cause() {
    return ProblemView.optional()
  },
})

export const OperationView = z.object({
  operationId: z.string(),
  kind: z.string(),
  subject: z.string(),
  state: z.string(),
  attempt: z.number(),
  createdAt: Moment,
  startedAt: Moment.optional(),
  finishedAt: Moment.optional(),
  step: z.string().optional(),
  unreported: z.boolean().optional(),
  decision: z.string().optional(),
  cluster: z.string().optional(),
  retryable: z.boolean().optional(),
  result: z.object({ outcome: z.string(), problem: ProblemView.optional() }).optional(),
  input: z.object({ name: z.string().optional() }).optional(),
})
export type OperationView = z.infer<typeof OperationView>

export const AgentView = z.object({
  agentId: z.string(),
  fingerprint: z.string(),
  hostname: z.string(),
  version: z.string().default(''),
  identityKey: z.string().default(''),
  ageRecipient: z.string().default(''),
  ageProof: z.string().optional(),
  enrolledAt: Moment,
  state: z.enum(['pending', 'approved', 'revoked']),
  approvedAt: Moment.optional(),
  revokedAt: Moment.optional(),
})
export type AgentView = z.infer<typeof AgentView>
export const AgentsView = z.object({ items: z.array(AgentView) })

/** Both become part of a command line that a person pastes into a shell, so neither may hold what a shell acts on. */
export const JoinTokenView = z.object({
  token: EnrollRequest.shape.token,
  expiresAt: Moment,
  relayUrl: z.string().regex(/^https?:\/\/[a-zA-Z0-9.:[\]/_-]+$/),
})

export const JoinTokenEntryView = z.object({
  id: z.string(),
  name: z.string(),
  approve: z.boolean(),
  expiresAt: Moment,
  usedBy: z.string().optional(),
})
export type JoinTokenEntryView = z.infer<typeof JoinTokenEntryView>
export const JoinTokensView = z.object({ items: z.array(JoinTokenEntryView) })

/** The name becomes a file's. */
const SafeName = z.string().regex(/^[a-z0-9-]{1,63}$/)
export const SealedView = z.object({
  clusterUid: Uid,
  clusterName: SafeName.optional(),
  site: SafeName.optional(),
  version: z.int(),
  ciphertext: z.string(),
})
export type SealedView = z.infer<typeof SealedView>
export const SealedPageView = z.object({ items: z.array(SealedView), nextCursor: z.string().optional() })

export const ClusterExportView = z.object({
  talosContract: z.string().optional(),
  documents: z.array(
    z.object({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: z.object({
        name: z.string(),
        labels: z.record(z.string(), z.string()).optional(),
        annotations: z.record(z.string(), z.string()).optional(),
      }),
      spec: z.unknown(),
    }),
  ),
  placements: z.array(Placement),
  sealed: SealedView.optional(),
})
export type ClusterExportView = z.infer<typeof ClusterExportView>

export const EventView = z.object({
  seq: z.number().optional(),
  at: Moment,
  type: z.string(),
  subject: z.string(),
  text: z.string(),
  facts: FactsView,
})
export type EventView = z.infer<typeof EventView>

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().optional() })
