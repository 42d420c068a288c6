import type { TalosNode } from '../node.ts'
import type { CosiDraft } from '../resource-table.ts'
import { binaryDefinition, binaryNamespace } from './binary.ts'
import { clusterResources } from './cluster.ts'
import { definitionsOf, NAMESPACES } from './definitions.ts'
import { draft } from './draft.ts'
import { hardwareResources } from './hardware.ts'
import { kubernetesResources } from './kubernetes.ts'
import { networkResources } from './network.ts'
import { runtimeResources } from './runtime.ts'

/** Everything a node shows over COSI, computed from what it is. */
export function resourcesOf(node: TalosNode): readonly CosiDraft[] {
  const all = [
    ...metaResources(node),
    ...runtimeResources(node),
    ...hardwareResources(node),
    ...networkResources(node),
    ...clusterResources(node),
    ...kubernetesResources(node),
  ]
  const known = new Set(definitionsOf(node.edition).map((definition) => definition.type))
  return all.filter((one) => known.has(one.type))
}

function metaResources(node: TalosNode): readonly CosiDraft[] {
  return [
    ...definitionsOf(node.edition).map((definition) =>
      draft(
        'ResourceDefinitions',
        definition.type.toLowerCase(),
        {
          type: definition.type,
          displayType: definition.displayType,
          defaultNamespace: definition.namespace,
          aliases: definition.aliases,
          allAliases: definition.allAliases,
          printColumns: Object.entries(definition.columns).map(([name, jsonPath]) => ({ name, jsonPath })),
          ...(definition.sensitive ? { sensitivity: 'sensitive' } : {}),
        },
        () => binaryDefinition(definition),
      ),
    ),
    ...Object.entries(NAMESPACES).map(([name, description]) =>
      draft('Namespaces', name, { description }, () => binaryNamespace(description)),
    ),
  ]
}
