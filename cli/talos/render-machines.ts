import { ok, type Result } from '#core/base/result.ts'
import { named } from '#core/check/documents.ts'
import { machinesAsked } from '#core/model/cluster-machines.ts'
import type { Document, Stored } from '#core/model/document.ts'
import { EMPTY_SEEN } from '#core/model/seen.ts'
import { Addresses } from '#core/placement/addresses.ts'
import { toLedger } from '#core/placement/to-ledger.ts'
import { sayProblem } from '#core/model/problem.ts'
import { intentFor } from '#core/plan/intent.ts'
import { completeDocuments, missingReferences, type ClusterDocuments } from '#core/plan/documents.ts'
import type { MachineView } from '#core/plan/view.ts'
import { configInputOf } from '#core/talos/intent-config.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { applyPatchLevels } from '#core/talos/merge/patch-levels.ts'
import { sayPatchProblem } from '#core/talos/merge/patch-problem.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { validateConfig } from '#core/talos/validate/validate-config.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { REDACTED_BUNDLE, redact } from './redacted-bundle.ts'

/** The configuration of one machine, made by the functions that the agent uses. */
export interface RenderedMachine {
  readonly cluster: string
  readonly machine: string
  readonly config: string
}

/**
 * Renders every machine of every cluster of the documents, or none. Without a bundle the secrets are redacted. What a
 * site decides, MACs and the addresses that no document gives, is a placeholder.
 */
export function renderMachines(
  documents: readonly Document[],
  bundle: SecretsBundle | undefined,
  patches: readonly string[],
): Result<readonly RenderedMachine[], Failure> {
  const rendered: RenderedMachine[] = []
  for (const cluster of documents.filter((document) => document.kind === 'Cluster')) {
    const gathered = gather(cluster, documents)
    if (!gathered.ok) return gathered
    const machines = machinesOf(gathered.value, documents)
    if (!machines.ok) return machines
    for (const machine of machines.value) {
      const config = renderMachine(machine, gathered.value, bundle, patches)
      if (!config.ok) return config
      rendered.push({ cluster: cluster.metadata.name, machine: machine.name, config: config.value })
    }
  }
  return ok(rendered)
}

function gather(
  cluster: Extract<Document, { kind: 'Cluster' }>,
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

/** Addresses that the site would give are the lowest free ones, as on a site where nothing is yet. */
function machinesOf(documents: ClusterDocuments, files: readonly Document[]): Result<readonly MachineView[], Failure> {
  const { cluster, site } = documents
  const [host] = site.spec.hosts
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
  const machines: MachineView[] = []
  let nicCount = 0
  for (const asked of machinesAsked(cluster)) {
    const chosen = addresses.choose(asked.nics)
    if (!chosen.ok) return fail(EXIT.usage, `${asked.name}: ${sayProblem(chosen.error)}`, 'Nothing was rendered.')
    addresses.take(chosen.value, asked.name)
    machines.push({
      machineId: '',
      name: asked.name,
      role: asked.role,
      address: chosen.value[0] ?? '',
      birthHash: '',
      placement: {
        machineId: '',
        clusterUid: '',
        name: asked.name,
        role: asked.role,
        host: host?.name ?? '',
        imageStorage: host?.imageStorage ?? '',
        vmid: 0,
        cpu: 0,
        memoryMiB: 0,
        disks: [],
        nics: asked.nics.map(({ network }, index) => ({
          network,
          bridge: documents.networks[network]?.spec.bridge ?? '',
          mac: placeholderMac(nicCount++),
          address: chosen.value[index] ?? '',
        })),
        devices: [],
      },
      refusal: undefined,
      seen: undefined,
      node: undefined,
      wanted: true,
    })
  }
  return ok(machines)
}

/** In the range of Proxmox, where the site draws real ones at random: `BC:24:11:00:00:01` and so on. */
export const placeholderMac = (index: number): string =>
  `BC:24:11:00:${((index + 1) >> 8).toString(16).padStart(2, '0')}:${((index + 1) & 0xff).toString(16).padStart(2, '0')}`.toUpperCase()

function renderMachine(
  machine: MachineView,
  documents: ClusterDocuments,
  bundle: SecretsBundle | undefined,
  patches: readonly string[],
): Result<string, Failure> {
  const name = `${documents.cluster.metadata.name}/${machine.name}`
  const refused = (reason: string) => fail(EXIT.usage, `${name}: ${reason}`, 'Nothing was rendered.')
  const input = configInputOf(intentFor(machine, documents), bundle ?? REDACTED_BUNDLE)
  if (!input.ok) return refused(sayProblem(input.error))
  const patched = applyPatchLevels(renderMachineConfig(input.value), { cluster: patches, set: [], machine: [] })
  if (!patched.ok) return refused(sayPatchProblem(patched.error.problem))
  const faults = validateConfig(patched.value, { minor: input.value.contract, role: machine.role })
  // Without a bundle the secrets are not in yet, and rules about them would only complain of that.
  const [fault] = bundle ? faults : []
  if (fault) return refused(`${fault.document} ${fault.field} ${fault.message}`)
  return ok(bundle ? patched.value : redact(patched.value))
}
