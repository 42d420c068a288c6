import type { ConnectRouter } from '@connectrpc/connect'
import type { TalosNode } from '../node.ts'
import { DependencyEdgeType, InspectService } from '../proto/inspect_pb.js'
import { definitionsOf, type Definition } from '../resources/definitions.ts'

/** Which controller writes which resources, as far as the lab shows any, and what they are made from. */
export function inspectService(router: ConnectRouter, node: TalosNode): void {
  const output = (definition: Definition) => ({
    controllerName: definition.owner,
    edgeType: DependencyEdgeType.OUTPUT_EXCLUSIVE,
    resourceNamespace: definition.namespace,
    resourceType: definition.type,
  })
  const input = (definition: Definition) => ({
    controllerName: definition.owner,
    edgeType: DependencyEdgeType.INPUT_WEAK,
    resourceNamespace: 'config',
    resourceType: 'MachineConfigs.config.talos.dev',
    resourceId: 'v1alpha1',
  })
  const owned = () => definitionsOf(node.edition).filter((definition) => definition.owner !== '')
  router.service(InspectService, {
    controllerRuntimeDependencies: () => ({
      messages: [{ edges: node.on ? [...owned().map(output), ...owned().map(input)] : [] }],
    }),
  })
}
