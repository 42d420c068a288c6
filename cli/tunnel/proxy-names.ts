import type { LaneTarget } from '#core/protocol/frame-payloads.ts'
import type { TunnelRecord } from './tunnel-record.ts'

/**
 * The names a proxy answers to, and where they lead. They end in `.invalid`, so that no resolver ever knows them and
 * nothing is sent anywhere when the proxy is away. Talos machines keep their addresses, because talosctl checks them
 * against the certificate.
 */
export const kubeHost = (cluster: string): string => `${cluster}.kube.lanline.invalid`
export const accessHost = (cluster: string): string => `${cluster}.access.lanline.invalid`
/** In the certificate of every Kubernetes API. */
export const KUBE_SERVER_NAME = 'kubernetes.default.svc'
export const KUBE_PORT = 6443
const TALOS_PORT = 50_000
const ACCESS_PORT = 443

/** undefined for every name that is not one of this cluster's. */
export function targetOf(
  authority: string,
  { clusterName, clusterUid, machines }: TunnelRecord,
): LaneTarget | undefined {
  if (authority === `${kubeHost(clusterName)}:${KUBE_PORT}`) return { kind: 'kube', clusterUid }
  if (authority === `${accessHost(clusterName)}:${ACCESS_PORT}`) return { kind: 'access', clusterUid }
  const machine = machines.find(({ name, address }) =>
    [`${address}:${TALOS_PORT}`, `${name}.${clusterName}.talos.lanline.invalid:${TALOS_PORT}`].includes(authority),
  )
  return machine && { kind: 'talos', clusterUid, machine: machine.name }
}
