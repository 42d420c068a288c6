import { parseIpv4, parseIpv4Cidr, parseIpv4Range, rangeContains } from '#core/base/ipv4.ts'
import type { ClusterDocument, Document, Kind, NetworkDocument } from '#core/model/document.ts'
import { contractForNewCluster } from '#core/talos/versions.ts'
import { suggest, type Finding } from './check-document.ts'

/**
 * What can be said about documents together without asking anyone: names given twice, versions that do not belong
 * together, addresses that cannot be. A reference that leads out of the files is only noted, because the object may
 * exist in the API.
 */
export interface CrossCheck {
  readonly errors: readonly (Finding & { readonly index: number })[]
  readonly notes: readonly string[]
}

type Errors = (Finding & { index: number })[]

export function crossCheck(documents: readonly Document[]): CrossCheck {
  const errors: Errors = []
  const notes: string[] = []
  const byName = new Map<string, Document>()
  for (const [index, document] of documents.entries()) {
    const id = `${document.kind}/${document.metadata.name}`
    if (byName.has(id))
      errors.push({ index, path: ['metadata', 'name'], target: 'value', message: `${id} is here for the second time` })
    byName.set(id, document)
  }

  const taken = new Map<string, string>()
  for (const [index, document] of documents.entries()) {
    for (const reference of referencesOf(document)) {
      if (byName.has(`${reference.kind}/${reference.name}`)) continue
      const names = documents.filter((other) => other.kind === reference.kind).map((other) => other.metadata.name)
      notes.push(
        `${document.kind}/${document.metadata.name} refers to ${reference.kind}/${reference.name}, which is not in these files${suggest(reference.name, names)}`,
      )
    }
    if (document.kind === 'Network') checkNetwork(document, index, errors)
    if (document.kind === 'Cluster') {
      checkVersions(document, index, errors)
      const network = byName.get(`Network/${document.spec.nodeNetwork}`)
      checkAddresses(document, network?.kind === 'Network' ? network : undefined, index, taken, errors)
    }
  }
  return { errors, notes }
}

function referencesOf(document: Document): readonly { readonly kind: Kind; readonly name: string }[] {
  if (document.kind === 'Network') return [{ kind: 'Site', name: document.spec.site }]
  if (document.kind !== 'Cluster') return []
  return [
    { kind: 'Site', name: document.spec.site },
    { kind: 'Network', name: document.spec.nodeNetwork },
    { kind: 'MachineClass', name: document.spec.controlPlane.class },
  ]
}

function checkVersions(document: ClusterDocument, index: number, errors: Errors): void {
  const { talos, kubernetes } = document.spec
  const contract = contractForNewCluster(talos.version, kubernetes.version)
  if (contract.ok) return
  const { field, supported } = contract.error.facts
  const ranges = Array.isArray(supported) ? supported.join(', ') : String(supported)
  const message =
    field === 'talos'
      ? `this lanline does not know Talos ${talos.version}; it knows ${ranges}`
      : `Talos ${talos.version} does not run Kubernetes ${kubernetes.version}; it runs ${ranges}`
  errors.push({ index, path: ['spec', String(field), 'version'], target: 'value', message })
}

function checkNetwork(document: NetworkDocument, index: number, errors: Errors): void {
  const { cidr: cidrText, gateway, reserved = {} } = document.spec
  const cidr = parseIpv4Cidr(cidrText)
  if (!cidr.ok) return
  const report = (path: readonly string[], message: string) =>
    errors.push({ index, path: ['spec', ...path], target: 'value', message })
  const problem = addressProblem(gateway, cidr.value, cidrText)
  if (problem) report(['gateway'], problem)
  for (const [name, text] of Object.entries(reserved)) {
    const range = parseIpv4Range(text)
    if (range.ok && (range.value.first < cidr.value.first || range.value.last > cidr.value.last))
      report(['reserved', name], `${text} is not inside ${cidrText}`)
  }
}

function checkAddresses(
  document: ClusterDocument,
  network: NetworkDocument | undefined,
  index: number,
  taken: Map<string, string>,
  errors: Errors,
): void {
  const { site, endpoint, controlPlane, nodeNetwork } = document.spec
  const report = (path: readonly string[], message: string) =>
    errors.push({ index, path: ['spec', ...path], target: 'value', message })
  if (network && network.spec.site !== site)
    report(['nodeNetwork'], `Network/${nodeNetwork} belongs to Site/${network.spec.site}, not to Site/${site}`)

  const uses = [
    {
      path: ['endpoint', 'vip'],
      address: endpoint.vip,
      user: `the VIP of Cluster/${document.metadata.name}`,
      vip: true,
    },
    ...Object.entries(controlPlane.machines).map(([name, address]) => ({
      path: ['controlPlane', 'machines', name],
      address,
      user: `${name} of Cluster/${document.metadata.name}`,
      vip: false,
    })),
  ]
  for (const { path, address, user, vip } of uses) {
    const key = `${site} ${address}`
    const other = taken.get(key)
    if (other !== undefined) {
      report(path, `${address} is already ${other}`)
      continue
    }
    taken.set(key, user)
    const problem = network && networkProblem(address, network, vip)
    if (problem) report(path, problem)
  }
}

/** Why a cluster cannot use an address of its network; a VIP may lie in a reserved range, a machine may not. */
function networkProblem(address: string, network: NetworkDocument, vip: boolean): string | undefined {
  const cidr = parseIpv4Cidr(network.spec.cidr)
  const value = parseIpv4(address)
  if (!cidr.ok || !value.ok) return undefined
  const problem = addressProblem(address, cidr.value, network.spec.cidr)
  if (problem) return problem
  if (address === network.spec.gateway) return `${address} is the gateway of Network/${network.metadata.name}`
  if (vip) return undefined
  for (const [name, text] of Object.entries(network.spec.reserved ?? {})) {
    const range = parseIpv4Range(text)
    if (range.ok && rangeContains(range.value, value.value))
      return `${address} is in the range "${name}" (${text}) that Network/${network.metadata.name} reserves`
  }
  return undefined
}

function addressProblem(
  address: string,
  cidr: { readonly first: number; readonly last: number },
  text: string,
): string | undefined {
  const value = parseIpv4(address)
  if (!value.ok) return undefined
  if (!rangeContains(cidr, value.value)) return `${address} is not inside ${text}`
  if (value.value === cidr.first) return `${address} is the address of the network ${text} itself`
  if (value.value === cidr.last) return `${address} is the broadcast address of ${text}`
  return undefined
}
