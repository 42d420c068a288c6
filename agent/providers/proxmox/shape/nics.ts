import type { Hardware, NicShape } from '#core/model/hardware.ts'
import { formatProperties } from '../parse.ts'

/**
 * The network cards of a machine. The MAC is always ours and always sent: an update without it draws a new one. Each card
 * gets an `ipconfig`, because one without it is missing from what the guest is told.
 *
 * Source: facts proxmox.md §1.7 and §2.
 */
export const nicKey = (index: number): string => `net${index}`

/** `hostTunnelKnown`: older hosts refuse the key (qemu-server before 9.1.18). */
export function nicParams(
  { nics }: Pick<Hardware, 'nics'>,
  { hostTunnelKnown }: { readonly hostTunnelKnown: boolean },
): Readonly<Record<string, string>> {
  return Object.fromEntries(nics.map((nic, index) => [nicKey(index), nicProperties(nic, hostTunnelKnown)]))
}

function nicProperties(nic: NicShape, hostTunnelKnown: boolean): string {
  return formatProperties(undefined, {
    virtio: nic.mac,
    bridge: nic.bridge,
    tag: nic.vlan === undefined ? undefined : String(nic.vlan),
    mtu: nic.mtu === undefined ? undefined : String(nic.mtu),
    firewall: nic.firewall ? '1' : '0',
    // UDP tunnel offload breaks VXLAN between hosts (PVE bug 7627).
    'host-tunnel': hostTunnelKnown ? (nic.hostTunnel ? '1' : '0') : undefined,
  })
}

/** A static address, or DHCP where the network gives one. A gateway goes only beside an address: alone it is a 400. */
export function addressParams({ nics }: Pick<Hardware, 'nics'>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    nics.map((nic, index) => [
      `ipconfig${index}`,
      nic.addressCidr === undefined ? 'ip=dhcp' : formatProperties(undefined, { ip: nic.addressCidr, gw: nic.gateway }),
    ]),
  )
}
