import { parseAllDocuments, stringify } from 'yaml'
import { canonicalJson, type Json } from '../base/canonical-json.ts'
import { err, ok, type Result } from '../base/result.ts'
import { problem, type Problem } from '../model/problem.ts'
import { documentsV113 } from './contracts/v1-13.ts'
import type { SecretsBundle } from './secrets-bundle.ts'
import type { TalosContract } from './versions.ts'

/**
 * The configuration of one Talos machine. The same input always gives the same text; it carries the cluster's keys, so
 * it is made where it is sent and is never logged or stored.
 */
export interface MachineConfigInput {
  readonly contract: TalosContract
  readonly bundle: SecretsBundle
  readonly cluster: {
    readonly name: string
    /** As in `https://192.168.1.50:6443`. */
    readonly endpoint: string
    /** As in `v1.36.3`. */
    readonly kubernetesVersion: string
    /** Ordinary pods may run on control planes, and these may take part in load balancing. */
    readonly schedulableControlPlanes: boolean
    /** The network that pins the addresses of kubelet and etcd, as in `192.168.1.0/24`. */
    readonly nodeNetworkCidr?: string | undefined
    /** Held by one control plane at a time, on its first NIC. */
    readonly vip?: string | undefined
    /** Kubernetes objects that Talos applies when the cluster comes up; control planes only. */
    readonly inlineManifests?: readonly { readonly name: string; readonly contents: string }[] | undefined
    readonly dnsDomain?: string | undefined
    readonly podSubnets?: readonly string[] | undefined
    readonly serviceSubnets?: readonly string[] | undefined
  }
  readonly machine: {
    readonly role: 'controlplane' | 'worker'
    /** Without one Talos makes a stable name from the machine's identity. */
    readonly hostname?: string | undefined
    readonly installerImage?: string | undefined
    /** Static addresses by MAC; the first NIC is the one on the node network. */
    readonly nics: readonly MachineNic[]
    readonly nameservers: readonly string[]
    readonly timeServers?: readonly string[] | undefined
    /** More names or addresses for the serving certificates; the machine's own and the VIP are always in. */
    readonly certSANs: readonly string[]
  }
}

export interface MachineNic {
  readonly mac: string
  /** With prefix, as in `192.168.1.51/24`. */
  readonly addresses: readonly string[]
  readonly gateway?: string | undefined
}

/** One YAML document of a machine configuration; a member that is undefined is not written. */
export type ConfigDocument = { readonly [key: string]: Json | undefined }

/** A rendered configuration is under 32 KiB; the rest is room for what people add by hand. */
const MAX_CONFIG_CHARS = 1024 * 1024

const CONTRACTS: Readonly<Record<TalosContract, (input: MachineConfigInput) => readonly ConfigDocument[]>> = {
  '1.13': documentsV113,
}

/** The documents in the order in which Talos writes them. */
export const toDocuments = (input: MachineConfigInput): readonly ConfigDocument[] =>
  CONTRACTS[input.contract](input).map((document) => withoutAbsent(document) as ConfigDocument)

/** The multi-document YAML that `ApplyConfiguration` takes. */
export const renderMachineConfig = (input: MachineConfigInput): string =>
  toDocuments(input)
    .map((document) => stringify(document, { indent: 4, lineWidth: 0 }))
    .join('---\n')

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
