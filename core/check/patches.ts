import { machineNames } from '../model/cluster-machines.ts'
import { MAX_SETTINGS_CHARS, type ClusterSpec } from '../model/cluster.ts'
import type { ClusterDocument, Document } from '../model/document.ts'
import type { TalosPatch } from '../model/talos-patch.ts'
import { checkPatchDocument } from '../talos/merge/check-patch-document.ts'
import { didYouMean, finding, type Finding, type Path } from './finding.ts'

/** The patches of a cluster and where they stand in its document. */
export interface PatchList {
  /** Within the document. */
  readonly path: Path
  readonly patches: readonly TalosPatch[]
}

/** In the order in which they apply: those of the cluster, of a set, of a machine. */
export const patchListsOf = ({
  talos,
  controlPlane,
  workers = {},
  machinePatches = {},
}: ClusterSpec): readonly PatchList[] => [
  { path: ['spec', 'talos', 'patches'], patches: talos.patches ?? [] },
  { path: ['spec', 'controlPlane', 'patches'], patches: controlPlane.patches ?? [] },
  ...Object.entries(workers).map(([set, { patches = [] }]) => ({ path: ['spec', 'workers', set, 'patches'], patches })),
  ...Object.entries(machinePatches).map(([name, patches]) => ({ path: ['spec', 'machinePatches', name], patches })),
]

/**
 * Patches by themselves: fields that Talos knows and that are theirs to change, machines that are there, and a size that
 * reaches the agent. Whether they fit a configuration, only somebody who has one can say: `lanline validate`, the agent.
 */
export function checkPatches(document: Document): readonly Finding[] {
  if (document.kind !== 'Cluster') return []
  return [
    ...patchListsOf(document.spec).flatMap(({ path, patches }) =>
      patches.flatMap((patch, index) =>
        checkPatchDocument(patch).map(({ path: within, message, target, hint }) =>
          finding([...path, index, ...within], message, { target, hint }),
        ),
      ),
    ),
    ...checkNames(document),
    ...checkSize(document.spec),
  ]
}

function checkNames(document: ClusterDocument): readonly Finding[] {
  const names = machineNames(document)
  return Object.keys(document.spec.machinePatches ?? {})
    .filter((name) => !names.includes(name))
    .map((name) =>
      finding(['spec', 'machinePatches', name], `there is no machine "${name}" in this cluster`, {
        target: 'key',
        hint: didYouMean(name, names),
      }),
    )
}

/** Everything a machine may be told, counted together: no machine can be told more. */
function checkSize({ talos, kubernetes, controlPlane, workers = {}, machinePatches }: ClusterSpec): readonly Finding[] {
  const sets = [controlPlane, ...Object.values(workers)].map((set) => ({ ...set, machines: undefined }))
  const size = JSON.stringify([talos, kubernetes, sets, machinePatches]).length
  if (size <= MAX_SETTINGS_CHARS) return []
  const [most, kib] = [MAX_SETTINGS_CHARS / 1024, Math.ceil(size / 1024)]
  return [
    finding(['spec'], `settings and patches take ${kib} KiB as JSON; one message to the agent has room for ${most}`),
  ]
}
