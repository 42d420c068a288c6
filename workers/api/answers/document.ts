import { z } from '@hono/zod-openapi'
import type { ClusterSpec } from '#core/model/cluster.ts'
import { API_VERSION, DOCUMENT_SCHEMAS, KINDS, type Kind, type Stored } from '#core/model/document.ts'
import { hasObject } from '../objects.ts'
import { PlanAnswer } from './plan.ts'
import { ClusterStatusAnswer, FIRST_CLUSTER_STATUS, FIRST_SITE_STATUS, SiteStatusAnswer } from './status.ts'

/** A stored document as the API shows it: with the identity it was given, times as ISO 8601, and its status. */
const MetadataAnswer = z
  .object({
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    uid: z.string(),
    generation: z.number().int(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    deletingAt: z.iso.datetime().optional(),
  })
  .openapi('Metadata')

const STATUS_SCHEMAS = {
  Site: { status: SiteStatusAnswer },
  Network: {},
  MachineClass: {},
  Machine: { status: ClusterStatusAnswer.optional() },
  Cluster: { status: ClusterStatusAnswer, plan: PlanAnswer.optional() },
} as const

export const documentAnswer = (kind: Kind) =>
  z
    .object({
      apiVersion: z.literal(API_VERSION),
      kind: z.literal(kind),
      metadata: MetadataAnswer,
      spec: DOCUMENT_SCHEMAS[kind].shape.spec,
      ...STATUS_SCHEMAS[kind],
    })
    .openapi(`Stored${kind}`)

export interface DocumentAnswer {
  readonly apiVersion: typeof API_VERSION
  readonly kind: Kind
  readonly metadata: z.infer<typeof MetadataAnswer>
  readonly spec: ClusterSpec | Stored['spec']
  readonly status?: unknown
  readonly plan?: z.infer<typeof PlanAnswer> | undefined
}

/** `status` as last published, if it was. A cluster that is to be deleted says so before its object has had time to. */
export function toDocumentAnswer(stored: Stored, status: unknown): DocumentAnswer {
  const { metadata, uid, generation, createdAt, updatedAt, deletingAt } = stored
  return {
    apiVersion: API_VERSION,
    kind: stored.kind,
    metadata: {
      name: metadata.name,
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
      uid,
      generation,
      createdAt: iso(createdAt),
      updatedAt: iso(updatedAt),
      ...(deletingAt === undefined ? {} : { deletingAt: iso(deletingAt) }),
    },
    spec: stored.spec,
    ...statusOf(stored, status),
  }
}

export const iso = (epochMs: number): string => new Date(epochMs).toISOString()

function statusOf(stored: Stored, published: unknown): { readonly status?: unknown } {
  const { kind, deletingAt } = stored
  if (kind === 'Site') return { status: published ?? FIRST_SITE_STATUS }
  if (!hasObject(stored)) return {}
  const status = typeof published === 'object' && published !== null ? published : FIRST_CLUSTER_STATUS
  return { status: deletingAt === undefined ? status : { ...status, phase: 'deleting' } }
}

/** What people send, by kind, under the name OpenAPI gives it. */
export const DOCUMENT_INPUTS = {
  Site: DOCUMENT_SCHEMAS.Site.openapi('Site'),
  Network: DOCUMENT_SCHEMAS.Network.openapi('Network'),
  MachineClass: DOCUMENT_SCHEMAS.MachineClass.openapi('MachineClass'),
  Machine: DOCUMENT_SCHEMAS.Machine.openapi('Machine'),
  Cluster: DOCUMENT_SCHEMAS.Cluster.openapi('Cluster'),
} as const satisfies Record<Kind, z.ZodType>

export const AnyDocumentInput = z.discriminatedUnion('kind', [
  DOCUMENT_INPUTS.Site,
  DOCUMENT_INPUTS.Network,
  DOCUMENT_INPUTS.MachineClass,
  DOCUMENT_INPUTS.Machine,
  DOCUMENT_INPUTS.Cluster,
])

export const KIND_ENUM = z.enum(KINDS)
