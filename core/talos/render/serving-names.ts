import type { RenderInput } from './document.ts'

/** The names under which a machine is dialled: its addresses, what the owner adds and, on a control plane, the VIP. */
export function servingNames({ cluster, machine }: Pick<RenderInput, 'cluster' | 'machine'>): readonly string[] {
  const vip = machine.role === 'controlplane' && cluster.vip ? [cluster.vip] : []
  const own = machine.nics.flatMap((nic) => [nic, ...(nic.vlans ?? [])]).flatMap(({ addresses }) => addresses)
  return [...new Set([...vip, ...own.map((address) => address.split('/')[0]!), ...machine.certSANs])]
}
