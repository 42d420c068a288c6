/**
 * The lab's LAN: which address belongs to whom, which port answers there, and what is broken at the moment.
 *
 * Services listen on real loopback ports; the LAN only knows where each (address, port) leads. It never opens a
 * connection itself: the SOCKS server asks it where to go. Two claimants of one address are a conflict that stays
 * on record, and traffic goes to the first of them, as ARP would mostly have it.
 */
export interface Claim {
  readonly address: string
  readonly mac: string
  readonly owner: string
}

export interface Conflict {
  readonly address: string
  readonly first: Claim
  readonly second: Claim
}

/** How an address is cut off: `refuse` answers at once with a refusal, `black-hole` never answers. */
export type Cut = 'refuse' | 'black-hole'

export type Route =
  | { readonly kind: 'service'; readonly loopbackPort: number; readonly address: string; readonly delayMs: number }
  | { readonly kind: 'refused' | 'unreachable' | 'black-hole' }

/** More conflicts than this say nothing new. */
const MAX_CONFLICTS = 1_000

export class Lan {
  readonly #claims = new Map<string, Claim[]>()
  readonly #services = new Map<string, number[]>()
  readonly #names = new Map<string, string>()
  readonly #cuts = new Map<string, Cut>()
  readonly #delays = new Map<string, number>()
  readonly #conflicts: Conflict[] = []
  readonly #droppers = new Set<(address: string | undefined) => void>()

  /** Takes an address for a network card. Returns the release; calling it twice does nothing. */
  claim(claim: Claim): () => void {
    const claims = this.#claims.get(claim.address) ?? []
    const [first] = claims
    if (first && first.mac !== claim.mac && this.#conflicts.length < MAX_CONFLICTS)
      this.#conflicts.push({ address: claim.address, first, second: claim })
    claims.push(claim)
    this.#claims.set(claim.address, claims)
    return () => {
      const left = (this.#claims.get(claim.address) ?? []).filter((other) => other !== claim)
      if (left.length > 0) this.#claims.set(claim.address, left)
      else this.#claims.delete(claim.address)
    }
  }

  /** Makes `address:port` lead to a loopback port, for one owner. Returns the release. */
  serve(address: string, port: number, loopbackPort: number): () => void {
    const key = `${address}:${port}`
    // The first keeps answering when two fight for one address; the second is heard once the first is gone.
    this.#services.set(key, [...(this.#services.get(key) ?? []), loopbackPort])
    return () => {
      const left = (this.#services.get(key) ?? []).filter((other) => other !== loopbackPort)
      if (left.length > 0) this.#services.set(key, left)
      else this.#services.delete(key)
    }
  }

  /** Stands in for whoever answers there, as long as it is not released. */
  takeOver(address: string, port: number, loopbackPort: number): () => void {
    const release = this.serve(address, port, loopbackPort)
    const key = `${address}:${port}`
    this.#services.set(key, [
      loopbackPort,
      ...(this.#services.get(key) ?? []).filter((other) => other !== loopbackPort),
    ])
    return release
  }

  /** A DNS name on the LAN. */
  name(host: string, address: string): void {
    this.#names.set(host.toLowerCase(), address)
  }

  owners(address: string): readonly Claim[] {
    return this.#claims.get(address) ?? []
  }

  conflicts(): readonly Conflict[] {
    return this.#conflicts
  }

  services(): readonly string[] {
    return [...this.#services.keys()]
  }

  route(host: string, port: number): Route {
    const address = this.#names.get(host.toLowerCase()) ?? host
    const cut = this.#cuts.get(address)
    if (cut) return { kind: cut === 'refuse' ? 'refused' : 'black-hole' }
    const loopbackPort = this.#services.get(`${address}:${port}`)?.[0]
    if (loopbackPort !== undefined)
      return { kind: 'service', loopbackPort, address, delayMs: this.#delays.get(address) ?? 0 }
    // A host that is there refuses a port nobody listens on; an address nobody has answers no ARP.
    return { kind: this.#claims.has(address) ? 'refused' : 'unreachable' }
  }

  /** Cuts an address off for new connections and drops those it has; `undefined` heals it. */
  cut(address: string, cut: Cut | undefined): void {
    if (cut === undefined) this.#cuts.delete(address)
    else {
      this.#cuts.set(address, cut)
      this.drop(address)
    }
  }

  /** Every new connection to the address waits this long, in real milliseconds, before its first byte passes. */
  delay(address: string, ms: number): void {
    if (ms > 0) this.#delays.set(address, ms)
    else this.#delays.delete(address)
  }

  /** Breaks the connections of one address, or all of them, now. */
  drop(address?: string): void {
    for (const dropper of this.#droppers) dropper(address)
  }

  /** The SOCKS server says here how connections are broken. */
  onDrop(dropper: (address: string | undefined) => void): () => void {
    this.#droppers.add(dropper)
    return () => this.#droppers.delete(dropper)
  }
}
