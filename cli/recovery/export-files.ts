import { ok, type Result } from '#core/base/result.ts'
import { askedByName } from '#core/plan/documents.ts'
import { DOCUMENT_SCHEMAS, KINDS, type Document, type Kind } from '#core/model/document.ts'
import { addressOf, type Placement } from '#core/model/placement.ts'
import { ADMIN_GROUP } from '#core/talos/cluster-access.ts'
import { clusterEndpoint } from '#core/talos/intent-config.ts'
import { findContractName } from '#core/talos/contracts/contract-for.ts'
import { formatSecretsBundle, type SecretsBundle } from '#core/talos/secrets-bundle.ts'
import type { ClusterExportView } from '../api/views.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { gatherFiles } from '../talos/file-machines.ts'
import { renderMachine } from '../talos/render-machines.ts'
import type { TextFile } from '../talos/write-together.ts'

/**
 * A cluster as the files that plain talosctl and kubectl work with: the bundle, the configuration that each machine has,
 * and admin credentials for a year, as `talosctl gen config` makes them. Nothing of it needs Lanline.
 */
const YEAR_MS = 365 * 24 * 3_600_000
const OWNER = 'owner'

export async function exportFiles(
  exported: ClusterExportView,
  bundle: SecretsBundle,
  nowMs: number,
): Promise<Result<readonly TextFile[], Failure>> {
  const documents = exported.documents.flatMap(readDocument)
  const cluster = documents.find((document) => document.kind === 'Cluster')
  if (!cluster) return fail(EXIT.failed, 'The API did not name the cluster; is this CLI older or newer than the API?')
  const gathered = gatherFiles(cluster, documents)
  if (!gathered.ok) return gathered

  const asked = askedByName(gathered.value)
  const contract = exported.talosContract === undefined ? undefined : findContractName(exported.talosContract)
  const files: TextFile[] = [{ name: 'secrets.yaml', text: formatSecretsBundle(bundle) }]
  for (const placement of exported.placements) {
    const wanted = asked.get(placement.name)
    if (!wanted) continue
    const machine = machineOf(placement)
    const config = renderMachine({ machine, asked: wanted }, gathered.value, { bundle, patches: [], contract })
    if (!config.ok) return config
    files.push({ name: `${placement.role}-${placement.name}.yaml`, text: config.value })
  }

  const { kubeconfigYaml, mintKubernetesClient, mintTalosClient, talosconfigYaml } =
    await import('#agent/vault/mint.ts')
  const clusterName = cluster.metadata.name
  const talos = await mintTalosClient(bundle, ['os:admin'], YEAR_MS, nowMs)
  const kubernetes = await mintKubernetesClient(bundle, { user: OWNER, groups: [ADMIN_GROUP] }, YEAR_MS, nowMs)
  const addresses = (role?: Placement['role']) =>
    exported.placements.filter((placement) => role === undefined || placement.role === role).map(addressOf)
  const talosconfig = talosconfigYaml({
    clusterName,
    endpoints: addresses('controlplane'),
    nodes: addresses(),
    identity: talos,
  })
  const server = clusterEndpoint(cluster.spec.endpoint.vip)
  const kubeconfig = kubeconfigYaml({ clusterName, server, user: OWNER, identity: kubernetes })
  return ok([
    ...files,
    { name: 'talosconfig', text: talosconfig.reveal() },
    { name: 'kubeconfig', text: kubeconfig.reveal() },
  ])
}

/** A document as a person would write it; what a newer API adds is left out. */
function readDocument(raw: ClusterExportView['documents'][number]): readonly Document[] {
  const kind = KINDS.find((each): each is Kind => each === raw.kind)
  if (!kind) return []
  const { apiVersion, metadata, spec } = raw
  const read = DOCUMENT_SCHEMAS[kind].safeParse({ apiVersion, kind, metadata, spec })
  return read.success ? [read.data] : []
}

const machineOf = (placement: Placement) => ({
  machineId: placement.machineId,
  name: placement.name,
  role: placement.role,
  address: addressOf(placement),
  birthHash: '',
  placement,
  refusal: undefined,
  seen: undefined,
  node: undefined,
  wanted: true,
})
