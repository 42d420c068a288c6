import { formatIpv4, parseIpv4 } from '#core/base/ipv4.ts'

/** A stretch of the LAN by the bridge and VLAN that guests are put on, with a DHCP server when it has one. */
export interface LanNetwork {
  readonly bridge: string
  /** Untagged when not given. */
  readonly vlan?: number
  readonly dhcp?: {
    readonly first: string
    readonly last: string
    readonly prefix: number
    readonly gateway: string | undefined
    /** MAC, lower case → the address that is kept for it, without prefix; outside of the range that is given away. */
    readonly kept?: Readonly<Record<string, string>>
  }
}

export interface Lease {
  /** With its prefix. */
  readonly address: string
  readonly gateway: string | undefined
}

/** The networks of a lab and who leases which address: a card keeps the one that it had. */
export class LanNetworks {
  readonly #networks: readonly LanNetwork[]
  readonly #leases = new Map<string, Lease>()

  constructor(networks: readonly LanNetwork[]) {
    this.#networks = networks
  }

  find(bridge: string, vlan: number | undefined): LanNetwork | undefined {
    return this.#networks.find((network) => network.bridge === bridge && network.vlan === vlan)
  }

  /** Undefined where nobody answers a DHCP request, or no address is left. */
  lease(bridge: string, vlan: number | undefined, mac: string): Lease | undefined {
    const dhcp = this.find(bridge, vlan)?.dhcp
    const key = `${bridge}/${vlan ?? ''}/${mac.toLowerCase()}`
    const known = this.#leases.get(key)
    if (known || !dhcp) return known
    const kept = dhcp.kept?.[mac.toLowerCase()]
    if (kept !== undefined) return { address: `${kept}/${dhcp.prefix}`, gateway: dhcp.gateway }
    const [first, last] = [parseIpv4(dhcp.first), parseIpv4(dhcp.last)]
    if (!first.ok || !last.ok) return undefined
    const taken = new Set([...this.#leases.values()].map(({ address }) => address))
    for (let each = first.value; each <= last.value; each += 1) {
      const address = `${formatIpv4(each)}/${dhcp.prefix}`
      if (taken.has(address)) continue
      const lease = { address, gateway: dhcp.gateway }
      this.#leases.set(key, lease)
      return lease
    }
    return undefined
  }
}
