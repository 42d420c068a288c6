import { formatIpv4, parseIpv4, parseIpv4Cidr, parseIpv4Range, type Ipv4Range } from '../base/ipv4.ts'
import { invariant } from '../base/invariant.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { NetworkSpec } from '../model/network.ts'
import { problem, type Problem } from '../model/problem.ts'
import type { Ledger } from './ledger.ts'

/** `address` is absent when one shall be given, from the pool named if there is one. */
export interface WantedNic {
  readonly network: string
  readonly address?: string | undefined
  readonly pool?: string | undefined
}

/** Of a machine whose address only a DHCP server knows. */
const UNKNOWN = ''

/**
 * Addresses of a site (P6): the lowest free one, never one that is reserved, of a pool nobody named, the gateway's, the
 * first or last of its network, named by a document for somebody else, given to another machine, or seen on a node. It
 * lives as long as one call.
 */
export class Addresses {
  readonly #ledger: Ledger
  /** Address → whose. */
  readonly #taken: Map<string, string>
  /** Where the search of a range goes on; what lies before is not free. */
  readonly #next = new Map<string, number>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    this.#taken = new Map(ledger.seen.nodes.map((node) => [node.address, `the node ${node.name}`]))
    for (const placement of ledger.placements)
      for (const nic of placement.nics) this.#taken.set(nic.address, placement.name)
  }

  /** One address for each NIC, or the reason why there is none. Nothing is taken yet. */
  choose(nics: readonly WantedNic[], avoid: readonly string[] = []): Result<readonly string[], Problem> {
    const chosen: string[] = []
    for (const nic of nics) {
      const found = nic.address === undefined ? this.#free(nic, avoid) : this.#given(nic.address)
      if (!found.ok) return found
      chosen.push(found.value)
    }
    return ok(chosen)
  }

  take(addresses: readonly string[], name: string): void {
    for (const address of addresses) if (address !== UNKNOWN) this.#taken.set(address, name)
  }

  /** A node that is seen with it may be the machine itself, which was here before. */
  #given(address: string): Result<string, Problem> {
    const holder = this.#ledger.placements.find(({ nics }) => nics.some((nic) => nic.address === address))
    if (holder) return err(problem('address-taken', { address, by: holder.name, vmid: holder.vmid }))
    const by = this.#taken.get(address)
    return by === undefined || by.startsWith('the node ') ? ok(address) : err(problem('address-taken', { address, by }))
  }

  #free({ network: name, pool }: WantedNic, avoid: readonly string[]): Result<string, Problem> {
    const network = this.#ledger.networks[name]
    if (!network) return err(problem('reference-missing', { kind: 'Network', name }))
    // Its DHCP server gives them, and nobody knows yet which.
    if (network.addressing === 'dhcp') return ok(UNKNOWN)
    const range = rangeOf(network, pool)
    if (!range) return err(problem('reference-missing', { kind: 'pool', name: pool ?? '', network: name }))
    const closed = closedIn(network, pool)
    const key = `${name}/${pool ?? ''}`
    let firstFree: number | undefined
    for (let value = this.#next.get(key) ?? range.first; value <= range.last; value++) {
      const within = closed.find(({ first, last }) => value >= first && value <= last)
      if (within) {
        value = within.last
        continue
      }
      const address = formatIpv4(value)
      if (this.#taken.has(address) || Object.hasOwn(this.#ledger.claimed, address)) continue
      // Others may have it again, when who answered there has gone: the search of the next one begins here.
      firstFree ??= value
      if (avoid.includes(address)) continue
      this.#next.set(key, firstFree)
      return ok(address)
    }
    this.#next.set(key, firstFree ?? range.last + 1)
    return err(problem('addresses-exhausted', { network: name, ...(pool ? { pool } : {}), range: sayRange(range) }))
  }
}

function rangeOf(network: NetworkSpec, pool: string | undefined): Ipv4Range | undefined {
  if (pool === undefined) return cidrOf(network)
  const text = network.pools?.[pool]
  return text === undefined ? undefined : parsed(parseIpv4Range(text))
}

/** What nobody is given: the edges, the gateway, and the ranges that are for others. */
function closedIn(network: NetworkSpec, pool: string | undefined): readonly Ipv4Range[] {
  const { first, last } = cidrOf(network)
  const one = (value: number): Ipv4Range => ({ first: value, last: value })
  const pools = Object.entries(network.pools ?? {}).filter(([name]) => name !== pool)
  return [
    one(first),
    one(last),
    ...(network.gateway === undefined ? [] : [one(parsed(parseIpv4(network.gateway)))]),
    ...[...Object.values(network.reserved ?? {}), ...pools.map(([, range]) => range)].map((range) =>
      parsed(parseIpv4Range(range)),
    ),
  ]
}

const cidrOf = (network: NetworkSpec) => parsed(parseIpv4Cidr(network.cidr))
const sayRange = ({ first, last }: Ipv4Range): string => `${formatIpv4(first)}-${formatIpv4(last)}`

/** The schemas of the documents have parsed every one of these texts before. */
function parsed<T>(result: Result<T, string>): T {
  invariant(result.ok, 'an address text passed its schema')
  return result.value
}
