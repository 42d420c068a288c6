import type { Link } from './network.ts'
import { bare } from './network.ts'
import type { TalosWorld } from './world.ts'

/** The port of a node's own API. */
const APID_PORT = 50_000

/** What a node has on the LAN: its addresses, and the ports on them that lead to what listens at the moment. */
export class NodePorts {
  readonly #world: TalosWorld
  #held: (() => void)[] = []
  constructor(world: TalosWorld) {
    this.#world = world
  }

  /** Lets go of everything and takes it anew; an address that another card has is a violation, and is taken too. */
  take(
    owner: string,
    links: readonly Link[],
    listening: {
      readonly apid: number | undefined
      readonly api: readonly [port: number, loopbackPort: number] | undefined
    },
  ): void {
    this.release()
    const { lan } = this.#world
    for (const link of links)
      for (const address of link.addresses.map(bare)) {
        const [other] = lan.owners(address).filter((claim) => claim.mac !== link.mac)
        if (other)
          this.#world.violate(
            'duplicate-address',
            address,
            `${owner} (${link.mac}) takes what ${other.owner} (${other.mac}) has`,
          )
        this.#held.push(lan.claim({ address, mac: link.mac, owner }))
        if (listening.apid !== undefined) this.#held.push(lan.serve(address, APID_PORT, listening.apid))
        if (listening.api) this.#held.push(lan.serve(address, ...listening.api))
      }
  }

  release(): void {
    for (const release of this.#held.splice(0)) release()
  }
}
