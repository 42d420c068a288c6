import { ok, type Result } from '#core/base/result.ts'
import type { ClusterDocument, Document, Kind, Stored } from '#core/model/document.ts'
import type { ClusterDocuments } from '#core/plan/documents.ts'
import type { MachineView } from '#core/plan/view.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'

/** A cluster of files and its machines, as a plan would see them; what only a site decides is a placeholder. */
export function gatherFiles(
  cluster: ClusterDocument,
  documents: readonly Document[],
): Result<ClusterDocuments, Failure> {
  const { site, nodeNetwork, controlPlane } = cluster.spec
  const find = <K extends Kind>(kind: K, name: string) =>
    documents.find((each): each is Extract<Document, { kind: K }> => each.kind === kind && each.metadata.name === name)
  const found = {
    site: find('Site', site),
    network: find('Network', nodeNetwork),
    machineClass: find('MachineClass', controlPlane.class),
  }
  const missing = (reference: string) =>
    fail(
      EXIT.usage,
      `Cluster/${cluster.metadata.name} refers to ${reference}, which is not in these files.`,
      'Nothing was rendered.',
    )
  if (!found.site) return missing(`Site/${site}`)
  if (!found.network) return missing(`Network/${nodeNetwork}`)
  if (!found.machineClass) return missing(`MachineClass/${controlPlane.class}`)
  return ok({
    cluster: stored(cluster),
    site: stored(found.site),
    network: stored(found.network),
    machineClass: stored(found.machineClass),
  })
}

/** A file has no identity yet; nothing of it is in a configuration. */
const stored = <D extends Document>(document: D): Stored<D> => ({
  ...document,
  uid: '',
  generation: 1,
  createdAt: 0,
  updatedAt: 0,
})

export function machinesOf({ cluster, site, network }: ClusterDocuments): readonly MachineView[] {
  const [host] = site.spec.hosts
  return Object.entries(cluster.spec.controlPlane.machines).map(([name, address], index) => ({
    machineId: '',
    name,
    role: 'controlplane',
    address,
    birthHash: '',
    placement: {
      machineId: '',
      clusterUid: '',
      name,
      host: host?.name ?? '',
      storage: host?.storage ?? '',
      imageStorage: host?.imageStorage ?? '',
      bridge: network.spec.bridge,
      vmid: 0,
      mac: placeholderMac(index),
      address,
      cpu: 0,
      memoryMiB: 0,
      diskGiB: 0,
    },
    refusal: undefined,
    seen: undefined,
    node: undefined,
    wanted: true,
  }))
}

/** In the range of Proxmox, where the site draws real ones at random: `BC:24:11:00:00:01` and so on. */
const placeholderMac = (index: number): string =>
  `BC:24:11:00:${((index + 1) >> 8).toString(16).padStart(2, '0')}:${((index + 1) & 0xff).toString(16).padStart(2, '0')}`.toUpperCase()
