import { mintMac } from '../model/ids.ts'
import type { Placement } from '../model/placement.ts'
import { parseVmids } from '../model/site.ts'
import type { Ledger } from './ledger.ts'

/** A MAC is 40 random bits; more tries than this means the source of randomness is broken. */
const MAX_MAC_TRIES = 16

/** VMIDs and MACs that nobody has (P6). It lives as long as one call. */
export class Numbers {
  readonly #random: (bytes: number) => Uint8Array
  readonly #vmids: Set<number>
  readonly #macs: Set<string>
  readonly #last: number
  #next: number

  constructor(ledger: Ledger, random: (bytes: number) => Uint8Array) {
    this.#random = random
    this.#vmids = new Set([
      ...ledger.placements.map((placement) => placement.vmid),
      ...ledger.seen.guests.map((guest) => guest.vmid),
      ...ledger.adopted.map((guest) => guest.vmid),
    ])
    this.#macs = new Set([
      ...ledger.placements.flatMap((placement) => placement.nics.map((nic) => nic.mac)),
      ...ledger.seen.guests.flatMap((guest) => guest.macs.map((mac) => mac.toUpperCase())),
    ])
    const range = parseVmids(ledger.site.vmids)
    this.#next = range?.first ?? 1
    this.#last = range?.last ?? 0
  }

  /** The lowest free one; not taken before `take`. */
  vmid(): number | undefined {
    while (this.#next <= this.#last && this.#vmids.has(this.#next)) this.#next++
    return this.#next <= this.#last ? this.#next : undefined
  }

  /** Never the same twice, taken or not. */
  mac(): string {
    for (let tries = 0; tries < MAX_MAC_TRIES; tries++) {
      const mac = mintMac(this.#random(5))
      if (this.#macs.has(mac)) continue
      this.#macs.add(mac)
      return mac
    }
    throw new Error('invariant broken: no free MAC after many random tries')
  }

  take(placement: Placement): void {
    this.#vmids.add(placement.vmid)
  }
}
