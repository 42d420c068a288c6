import { z } from 'zod'
import { ClusterSpec } from './cluster.ts'
import { Name } from './ids.ts'
import { MachineSpec, type AdoptedSpec, type ManagedSpec } from './machine.ts'
import { MachineClassSpec } from './machine-class.ts'
import { NetworkSpec } from './network.ts'
import { SiteSpec } from './site.ts'

/**
 * The documents people write: a Kubernetes envelope around a flat spec. Schemas are strict, because a field that is
 * accepted and ignored is a promise that is not kept.
 */
export const API_VERSION = 'lanline/v1alpha1'

export const MAX_DOCUMENTS = 100
export const MAX_REQUEST_BYTES = 256 * 1024
const MAX_LABELS = 32

/** Annotations under `lanline/` act; those of others are kept and left alone. */
export const DELETION_ANNOTATION = 'lanline/deletion'
export const DeletionPolicy = z.enum(['allow', 'confirm', 'forbid'])

const labels = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine((entries) => Object.keys(entries).length <= MAX_LABELS, `at most ${MAX_LABELS} entries`)

const annotations = labels.superRefine((entries, context) => {
  for (const [key, value] of Object.entries(entries)) {
    if (!key.startsWith('lanline/')) continue
    if (key !== DELETION_ANNOTATION)
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `unknown annotation; only ${DELETION_ANNOTATION} acts today`,
      })
    else if (!DeletionPolicy.safeParse(value).success)
      context.addIssue({ code: 'custom', path: [key], message: 'must be allow, confirm or forbid' })
  }
})

export const Metadata = z.strictObject({ name: Name, labels: labels.optional(), annotations: annotations.optional() })
export type Metadata = z.infer<typeof Metadata>

const documentOf = <K extends string, S extends z.ZodType>(kind: K, spec: S) =>
  z.strictObject({ apiVersion: z.literal(API_VERSION), kind: z.literal(kind), metadata: Metadata, spec })

export const SiteDocument = documentOf('Site', SiteSpec)
export const NetworkDocument = documentOf('Network', NetworkSpec)
export const MachineClassDocument = documentOf('MachineClass', MachineClassSpec)
export const MachineDocument = documentOf('Machine', MachineSpec)
export const ClusterDocument = documentOf('Cluster', ClusterSpec)

export type SiteDocument = z.infer<typeof SiteDocument>
export type NetworkDocument = z.infer<typeof NetworkDocument>
export type MachineClassDocument = z.infer<typeof MachineClassDocument>
export type MachineDocument = z.infer<typeof MachineDocument>
export type ClusterDocument = z.infer<typeof ClusterDocument>

/** A guest that somebody else keeps, and one that Lanline keeps. */
export type AdoptedDocument = MachineDocument & { readonly spec: AdoptedSpec }
export type ManagedDocument = MachineDocument & { readonly spec: ManagedSpec }
export const isAdopted = <D extends Document>(document: D): document is D & AdoptedDocument =>
  document.kind === 'Machine' && document.spec.mode === 'adopt'
export const isManaged = <D extends Document>(document: D): document is D & ManagedDocument =>
  document.kind === 'Machine' && document.spec.mode === 'managed'

/** One schema per kind; the order is that in which documents depend on each other. */
export const DOCUMENT_SCHEMAS = {
  Site: SiteDocument,
  Network: NetworkDocument,
  MachineClass: MachineClassDocument,
  Machine: MachineDocument,
  Cluster: ClusterDocument,
} as const

export type Kind = keyof typeof DOCUMENT_SCHEMAS
export const KINDS = Object.keys(DOCUMENT_SCHEMAS) as [Kind, ...Kind[]]

/** The plural in URLs and commands. */
export const PLURALS: Readonly<Record<Kind, string>> = {
  Site: 'sites',
  Network: 'networks',
  MachineClass: 'machineclasses',
  Machine: 'machines',
  Cluster: 'clusters',
}

export type Document = SiteDocument | NetworkDocument | MachineClassDocument | MachineDocument | ClusterDocument

/** A document as it is stored: with the identity and the count of changes that only the API gives. */
export type Stored<D extends Document = Document> = D & {
  readonly uid: string
  /** Starts at 1 and grows with each change of the stored document. */
  readonly generation: number
  readonly createdAt: number
  readonly updatedAt: number
  /** Set once, when deletion was asked for; the object is gone when its status says so. */
  readonly deletingAt?: number | undefined
  /** Set once, beside `deletingAt`: the object goes, and its machines stay as they are. */
  readonly forgottenAt?: number | undefined
}

export const toETag = (stored: { uid: string; generation: number }): string => `"${stored.uid}.${stored.generation}"`
