import { parseAllDocuments } from 'yaml'
import { canonicalJson, type Json } from '../base/canonical-json.ts'
import { err, ok, type Result } from '../base/result.ts'
import { problem, type Problem } from '../model/problem.ts'
import { contractFor } from './contracts/contract-for.ts'
import { goYaml } from './go-yaml.ts'
import type { MachineConfigInput } from './machine-config-input.ts'
import { controlPlaneDocuments } from './render/control-plane-documents.ts'
import type { ConfigDocument, Renderer } from './render/document.ts'
import {
  discoveryDocuments,
  installDocuments,
  kernelDocuments,
  registryDocuments,
  securityDocuments,
  volumeDocuments,
} from './render/host-documents.ts'
import { kubernetesDocuments } from './render/kubernetes-documents.ts'
import { mainDocument } from './render/main-document.ts'
import {
  hostnameDocuments,
  kubeSpanDocuments,
  linkDocuments,
  resolverDocuments,
  timeDocuments,
  vipDocuments,
} from './render/network-documents.ts'

/**
 * The configuration of one Talos machine: equal in meaning to what upstream's generator writes for the same input, and
 * beside it the network that this product fixes. The same input always gives the same text; it carries the cluster's
 * keys, so it is made where it is sent and is never logged or stored.
 *
 * Source: Talos stability vectors 1.12 to 1.14; facts talos.md §3 and §5.9.
 */

/** A rendered configuration is under 32 KiB; the rest is room for what people add by hand. */
export const MAX_CONFIG_CHARS = 1024 * 1024

/** In the order in which Talos writes them. */
const RENDERERS: readonly Renderer[] = [
  (input) => [mainDocument(input)],
  discoveryDocuments,
  installDocuments,
  resolverDocuments,
  kernelDocuments,
  volumeDocuments,
  securityDocuments,
  registryDocuments,
  hostnameDocuments,
  kubeSpanDocuments,
  linkDocuments,
  timeDocuments,
  vipDocuments,
  kubernetesDocuments,
  controlPlaneDocuments,
]

export function toDocuments(input: MachineConfigInput): readonly ConfigDocument[] {
  const asked = { ...input, contract: contractFor(input.contract) }
  return RENDERERS.flatMap((render) => render(asked)).map((document) => withoutAbsent(document) as ConfigDocument)
}

/** The multi-document YAML that `ApplyConfiguration` takes. */
export const renderMachineConfig = (input: MachineConfigInput): string => toDocuments(input).map(goYaml).join('---\n')

/**
 * A machine configuration reduced to its meaning: the same for every spelling, order of documents and comment. Two
 * configurations differ if and only if these texts differ.
 */
export function canonicalConfig(yaml: string): Result<string, Problem> {
  if (yaml.length > MAX_CONFIG_CHARS) return err(problem('config-refused', { reason: 'too-large' }))
  const documents = parseAllDocuments(yaml)
  // An empty stream is not a list of documents but a document-like object; it has no error and no content.
  if (!Array.isArray(documents)) return ok('[]')
  if (documents.some((document) => document.errors.length > 0))
    return err(problem('config-refused', { reason: 'not-yaml' }))
  const values = documents.map((document) => document.toJS() as Json).filter((value) => value !== null)
  return ok(
    `[${values
      .map((value) => canonicalJson(value))
      .sort()
      .join(',')}]`,
  )
}

function withoutAbsent(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item: Json) => withoutAbsent(item) as Json)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([key, member]) => [key, withoutAbsent(member)]))
}
