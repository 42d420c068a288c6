import { ok, type Result } from '#core/base/result.ts'
import { named } from '#core/check/documents.ts'
import { machinesAsked, type AskedMachine } from '#core/model/cluster-machines.ts'
import type { ClusterDocument, Document, Stored } from '#core/model/document.ts'
import type { Placement } from '#core/model/placement.ts'
import { sayProblem } from '#core/model/problem.ts'
import { EMPTY_SEEN } from '#core/model/seen.ts'
import { Addresses } from '#core/placement/addresses.ts'
import { toLedger } from '#core/placement/to-ledger.ts'
import { completeDocuments, missingReferences, type ClusterDocuments } from '#core/plan/documents.ts'
import type { MachineView } from '#core/plan/view.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'

/** A cluster of files and its machines, as a plan would see them; what only a site decides is a placeholder. */
export function gatherFiles(
  cluster: ClusterDocument,
  documents: readonly Document[],
): Result<ClusterDocuments, Failure> {
  const kept = documents.map(stored)
  const site = named(
    kept.filter((document) => document.kind === 'Site'),
    cluster.spec.site,
  )
  const gathered = {
    cluster: stored(cluster),
    site,
    networks: byName(kept.filter((document) => document.kind === 'Network')),
    machineClasses: byName(kept.filter((document) => document.kind === 'MachineClass')),
  }
  const complete = completeDocuments(gathered)
  const [missing] = missingReferences(gathered)
  if (complete) return ok(complete)
  return fail(
    EXIT.usage,
    `Cluster/${cluster.metadata.name} refers to ${missing}, which is not in these files.`,
    'Nothing was rendered.',
  )
}

const byName = <D extends Document>(found: readonly D[]): Readonly<Record<string, D>> =>
  Object.fromEntries(found.map((document) => [document.metadata.name, document]))

/** A file has no identity yet; nothing of it is in a configuration. */
const stored = <D extends Document>(document: D): Stored<D> => ({
  ...document,
  uid: '',
  generation: 1,
  createdAt: 0,
  updatedAt: 0,
})

/** A machine and what its document says of it. */
export interface FileMachine {
  readonly machine: MachineView
  readonly asked: AskedMachine
}

/** Addresses that the site would give are the lowest free ones, as on a site where nothing is yet. */
export function machinesOf(
  documents: ClusterDocuments,
  files: readonly Document[],
): Result<readonly FileMachine[], Failure> {
  const { cluster, site } = documents
  const here = files.filter((document) => 'site' in document.spec && document.spec.site === cluster.spec.site)
  const ledger = toLedger(
    {
      site,
      networks: here.filter((document) => document.kind === 'Network'),
      clusters: here.filter((document) => document.kind === 'Cluster'),
      machines: here.filter((document) => document.kind === 'Machine'),
    },
    { placements: [], seen: EMPTY_SEEN },
  )
  const addresses = new Addresses(ledger)
  const machines: FileMachine[] = []
  let nicCount = 0
  for (const asked of machinesAsked(cluster)) {
    const chosen = addresses.choose(asked.nics)
    if (!chosen.ok) return fail(EXIT.usage, `${asked.name}: ${sayProblem(chosen.error)}`, 'Nothing was rendered.')
    addresses.take(chosen.value, asked.name)
    machines.push({ asked, machine: machineOf(asked, documents, chosen.value, nicCount) })
    nicCount += asked.nics.length
  }
  return ok(machines)
}

function machineOf(
  { name, role, nics }: AskedMachine,
  { site, networks }: ClusterDocuments,
  addresses: readonly string[],
  nicsBefore: number,
): MachineView {
  const [host] = site.spec.hosts
  const placement: Placement = {
    machineId: '',
    clusterUid: '',
    name,
    role,
    host: host?.name ?? '',
    imageStorage: host?.imageStorage ?? '',
    vmid: 0,
    cpu: 0,
    memoryMiB: 0,
    disks: [],
    nics: nics.map(({ network }, index) => ({
      network,
      bridge: networks[network]?.spec.bridge ?? '',
      mac: placeholderMac(nicsBefore + index),
      address: addresses[index] ?? '',
    })),
    devices: [],
  }
  return {
    machineId: '',
    name,
    role,
    address: addresses[0] ?? '',
    birthHash: '',
    placement,
    refusal: undefined,
    seen: undefined,
    node: undefined,
    wanted: true,
  }
}

/** In the range of Proxmox, where the site draws real ones at random: `BC:24:11:00:00:01` and so on. */
const placeholderMac = (index: number): string =>
  `BC:24:11:00:${((index + 1) >> 8).toString(16).padStart(2, '0')}:${((index + 1) & 0xff).toString(16).padStart(2, '0')}`.toUpperCase()
