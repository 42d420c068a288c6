import { machinesAsked } from '../model/cluster-machines.ts'
import {
  isAdopted,
  type AdoptedDocument,
  type ClusterDocument,
  type MachineDocument,
  type NetworkDocument,
  type SiteDocument,
} from '../model/document.ts'
import { mebibytes } from '../model/quantity.ts'
import type { AdoptedGuest, Ledger } from './ledger.ts'

/** What the documents of a site mean for placement. */
export interface SiteDocuments {
  readonly site: SiteDocument
  readonly networks: readonly NetworkDocument[]
  readonly clusters: readonly ClusterDocument[]
  readonly machines: readonly MachineDocument[]
}

export const toLedger = (documents: SiteDocuments, known: Pick<Ledger, 'placements' | 'seen'>): Ledger => ({
  site: documents.site.spec,
  networks: Object.fromEntries(documents.networks.map((network) => [network.metadata.name, network.spec])),
  placements: known.placements,
  adopted: documents.machines.filter(isAdopted).map((machine) => toAdopted(machine, documents.site)),
  claimed: Object.fromEntries([
    ...documents.clusters.flatMap(clusterAddresses),
    ...documents.machines.flatMap(({ metadata, spec }) =>
      (spec.nics ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [[ip, `the machine ${metadata.name}`] as const])),
    ),
  ]),
  seen: known.seen,
})

function clusterAddresses(cluster: ClusterDocument): readonly (readonly [string, string])[] {
  const machines = machinesAsked(cluster).flatMap(({ name, nics }) =>
    nics.flatMap(({ address }) => (address === undefined ? [] : [[address, `the machine ${name}`] as const])),
  )
  return [[cluster.spec.endpoint.vip, `the VIP of cluster ${cluster.metadata.name}`], ...machines]
}

function toAdopted({ metadata, spec }: AdoptedDocument, site: SiteDocument): AdoptedGuest {
  const devices = site.spec.hosts.find((host) => host.name === spec.host)?.devices ?? {}
  return {
    name: metadata.name,
    host: spec.host,
    vmid: spec.vmid,
    cpu: spec.cpu ?? 0,
    memoryMiB: spec.memory === undefined ? 0 : mebibytes(spec.memory),
    devices: (spec.devices ?? []).flatMap((name) => devices[name]?.mapping ?? []),
    drawFrom: spec.drawFrom,
  }
}
