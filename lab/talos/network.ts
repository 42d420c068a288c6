import type { GuestHardware } from '#lab/guest.ts'
import type { NodeConfig } from './config/node-config.ts'

/** A network card as the node sees it; nocloud images boot with net.ifnames=0, so they are eth0, eth1 … */
export interface Link {
  readonly name: string
  readonly alias: string | undefined
  readonly mac: string
  /** With prefix. */
  readonly addresses: readonly string[]
  readonly gateway: string | undefined
}

/**
 * The node's links and addresses: what the cloud-init drive says, joined with what the configuration says. Addresses
 * of the platform stay beside configured ones, as in Talos, where each address is a resource of its own.
 */
export function linksOf(hardware: GuestHardware, config: NodeConfig | undefined): readonly Link[] {
  return hardware.nics.map((nic, index) => {
    const name = `eth${index}`
    const mac = nic.mac.toLowerCase()
    const alias = [...(config?.aliases ?? [])].find(([, target]) => target === mac)?.[0]
    const platform = hardware.cloudInit?.nics.find((entry) => entry.mac.toLowerCase() === mac)
    const wishes = config?.links.filter((link) => link.name === name || link.name === alias) ?? []
    const addresses = [
      ...wishes.flatMap((link) => link.addresses),
      ...(platform?.address === undefined ? [] : [platform.address]),
    ]
    return {
      name,
      alias,
      mac,
      addresses: [...new Set(addresses)],
      gateway: wishes.find((link) => link.gateway !== undefined)?.gateway ?? platform?.gateway,
    }
  })
}

export const bare = (addressWithPrefix: string): string => addressWithPrefix.split('/')[0] ?? addressWithPrefix

/** The configured name, else the platform's, else one that never changes for this hardware. */
export function hostnameOf(hardware: GuestHardware, config: NodeConfig | undefined): string {
  if (config?.hostname !== undefined) return config.hostname.split('.')[0] ?? config.hostname
  if (hardware.cloudInit && hardware.cloudInit.hostname !== '') return hardware.cloudInit.hostname
  return `talos-${hardware.uuid.slice(0, 3)}-${hardware.uuid.slice(-3)}`
}
