import type {
  ClusterDocument,
  Document,
  Kind,
  MachineClassDocument,
  MachineDocument,
  NetworkDocument,
  SiteDocument,
} from '../model/document.ts'
import { finding, type Finding } from './finding.ts'

/** Documents by kind: all that a check may look at. Whoever asks says what is among them: files, or a database with a request laid over it. */
export interface Documents {
  readonly sites: readonly SiteDocument[]
  readonly networks: readonly NetworkDocument[]
  readonly machineClasses: readonly MachineClassDocument[]
  readonly machines: readonly MachineDocument[]
  readonly clusters: readonly ClusterDocument[]
}

export const byKind = (documents: readonly Document[]): Documents => ({
  sites: documents.filter((document) => document.kind === 'Site'),
  networks: documents.filter((document) => document.kind === 'Network'),
  machineClasses: documents.filter((document) => document.kind === 'MachineClass'),
  machines: documents.filter((document) => document.kind === 'Machine'),
  clusters: documents.filter((document) => document.kind === 'Cluster'),
})

export const idOf = (document: { readonly kind: Kind; readonly metadata: { readonly name: string } }): string =>
  `${document.kind}/${document.metadata.name}`

export const named = <D extends Document>(documents: readonly D[], name: string): D | undefined =>
  documents.find((document) => document.metadata.name === name)

/** A document that was there before, under the same name. */
export const checkTwice = (document: Document, earlier: readonly Document[]): readonly Finding[] =>
  earlier.some((other) => idOf(other) === idOf(document))
    ? [finding(['metadata', 'name'], `${idOf(document)} is here for the second time`)]
    : []
