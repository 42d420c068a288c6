import type { NodeConfig } from './config/node-config.ts'
import { bare } from './network.ts'
import type { TalosNode } from './node.ts'

/**
 * Notices a configuration that was meant for another machine. A configuration carries no UUID, but its name and its
 * addresses are those that the hypervisor gave to one guest only.
 */
export function checkIdentity(node: TalosNode, config: NodeConfig): void {
  const addresses = new Set(config.links.flatMap((link) => link.addresses).map(bare))
  for (const other of node.world.nodes.values()) {
    if (other === node) continue
    const { cloudInit } = other.hardware
    const own = node.hardware.cloudInit
    const taken = cloudInit?.nics.find((nic) => nic.address !== undefined && addresses.has(bare(nic.address)))
    const named =
      config.hostname !== undefined && config.hostname === cloudInit?.hostname && config.hostname !== own?.hostname
    if (!taken && !named) continue
    const meant = taken ? `address ${String(taken.address)}` : `name ${String(config.hostname)}`
    node.world.violate(
      'config-for-another-machine',
      node.uuid,
      `the configuration applied to ${node.hardware.name} carries the ${meant} of ${other.hardware.name} (${other.uuid})`,
    )
  }
}
