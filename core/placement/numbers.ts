import { err, ok, type Result } from '../base/result.ts'
import { mintMac } from '../model/ids.ts'
import type { Placement } from '../model/placement.ts'
import { problem, type Problem } from '../model/problem.ts'
import { parseVmids } from '../model/site.ts'
import type { Ledger } from './ledger.ts'

/** A MAC is 40 random bits; more tries than this means the source of randomness is broken. */
const MAX_MAC_TRIES = 16

/** VMIDs and MACs that nobody has (P6). It lives as long as one call. */
export class Numbers {
  readonly #random: (bytes: number) => Uint8Array
  readonly #vmids: Set<number>
  /** MAC → who has it. */
  readonly #macs: Map<string, string>
  readonly #last: number
  #next: number

  constructor(ledger: Ledger, random: (bytes: number) => Uint8Array) {
    this.#random = random
    this.#vmids = new Set([
      ...ledger.placements.map((placement) => placement.vmid),
      ...ledger.seen.guests.map((guest) => guest.vmid),
      ...ledger.adopted.map((guest) => guest.vmid),
    ])
    this.#macs = new Map([
      ...ledger.seen.guests.flatMap(({ name, macs }) => macs.map((mac) => [mac.toUpperCase(), name] as const)),
      ...ledger.placements.flatMap(({ name, nics }) => nics.map(({ mac }) => [mac, name] as const)),
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

  /** The MACs that documents fix must be nobody's; a guest that is seen with one may be a machine on its way out. */
  checkMacs(macs: readonly (string | undefined)[]): Result<void, Problem> {
    for (const mac of macs) {
      const by = mac === undefined ? undefined : this.#macs.get(mac)
      if (mac !== undefined && by !== undefined) return err(problem('mac-taken', { mac, by }))
    }
    return ok(undefined)
  }

  /** Never the same twice, taken or not. */
  mac(): string {
    for (let tries = 0; tries < MAX_MAC_TRIES; tries++) {
      const mac = mintMac(this.#random(5))
      if (this.#macs.has(mac)) continue
      this.#macs.set(mac, 'nobody yet')
      return mac
    }
    throw new Error('invariant broken: no free MAC after many random tries')
  }

  take(placement: Placement): void {
    this.#vmids.add(placement.vmid)
    for (const { mac } of placement.nics) this.#macs.set(mac, placement.name)
  }
}
