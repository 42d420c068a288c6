import { isControlPlane, type RenderInput } from './document.ts'

/** How Kubernetes sees a machine from the first moment: labels and taints that come from its role and from its owner. */
const CONTROL_PLANE_ROLE = 'node-role.kubernetes.io/control-plane'
const OUT_OF_LOAD_BALANCERS = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** The role itself is `withRole` where Talos leaves it to the configuration; older ones set it by themselves. */
export function nodeLabels(input: RenderInput, { withRole }: { readonly withRole: boolean }): Record<string, string> {
  const { cluster, machine } = input
  const excluded = cluster.excludeControlPlanesFromLoadBalancers ?? !cluster.schedulableControlPlanes
  const controlPlane = isControlPlane(input)
  return {
    ...(controlPlane && withRole ? { [CONTROL_PLANE_ROLE]: '' } : {}),
    ...(controlPlane && excluded ? { [OUT_OF_LOAD_BALANCERS]: '' } : {}),
    ...machine.nodeLabels,
  }
}

export function nodeTaints(input: RenderInput, { withRole }: { readonly withRole: boolean }): Record<string, string> {
  const reserved = withRole && isControlPlane(input) && !input.cluster.schedulableControlPlanes
  return { ...(reserved ? { [CONTROL_PLANE_ROLE]: 'NoSchedule' } : {}), ...input.machine.nodeTaints }
}
