import type { Clock } from '#core/base/clock.ts'
import type { ProxmoxHttp } from './http.ts'
import { saysAway } from './errors.ts'
import { vmConfig } from './nodes/qemu.ts'
import { macsOf, uuidOf } from './parse.ts'

/**
 * Identities of guests, remembered so that looking at a site of many guests costs few calls. An identity changes only
 * when a VMID is given to another guest; within `MAX_AGE_MS` that may go unnoticed here, and therefore nothing is ever
 * stopped or deleted by what this remembers.
 */
export interface GuestIdentity {
  readonly uuid: string | undefined
  readonly macs: readonly string[]
}

interface Guest {
  readonly host: string
  readonly vmid: number
  readonly name: string
}

export interface GuestConfigs {
  identityOf(guest: Guest): Promise<GuestIdentity>
  /** Forgets what was remembered of a VMID, because we are about to change it. */
  forget(vmid: number): void
  /** Forgets the guests that are not in this list. */
  keepOnly(vmids: ReadonlySet<number>): void
}

const MAX_AGE_MS = 60_000
/** A host that is away costs its delay once in this time, however many guests it has. */
const AWAY_MS = 30_000
const UNKNOWN: GuestIdentity = { uuid: undefined, macs: [] }

export function createGuestConfigs(http: ProxmoxHttp, clock: Clock): GuestConfigs {
  const remembered = new Map<number, { place: string; at: number; identity: GuestIdentity }>()
  const awayUntil = new Map<string, number>()
  /** By VMID: many operations look around at the same time, and one call answers all of them. */
  const asking = new Map<number, { readonly place: string; readonly answer: Promise<GuestIdentity> }>()

  async function ask({ host, vmid }: Guest, place: string): Promise<GuestIdentity> {
    const known = remembered.get(vmid)
    // Nobody changes a guest on a host that is away: it is what it was.
    const last = known?.place === place ? known.identity : UNKNOWN
    if (clock.now() < (awayUntil.get(host) ?? 0)) return last
    const config = await vmConfig(http, host, vmid)
    if (!config.ok && saysAway(config.error)) {
      awayUntil.set(host, clock.now() + AWAY_MS)
      return last
    }
    // A guest that may not be read, or is just being made, is looked at again next time.
    if (!config.ok) return UNKNOWN
    const identity = { uuid: uuidOf(config.value), macs: macsOf(config.value) }
    // Forgotten meanwhile: somebody is about to change it.
    if (identity.uuid !== undefined && asking.get(vmid)?.place === place)
      remembered.set(vmid, { place, at: clock.now(), identity })
    return identity
  }

  return {
    identityOf(guest) {
      const place = `${guest.host}/${guest.name}`
      const known = remembered.get(guest.vmid)
      if (known && known.place === place && clock.now() - known.at < MAX_AGE_MS) return Promise.resolve(known.identity)
      const asked = asking.get(guest.vmid)
      if (asked?.place === place) return asked.answer
      const answer = ask(guest, place).finally(() => {
        if (asking.get(guest.vmid)?.answer === answer) asking.delete(guest.vmid)
      })
      asking.set(guest.vmid, { place, answer })
      return answer
    },
    forget(vmid) {
      remembered.delete(vmid)
      asking.delete(vmid)
    },
    keepOnly(vmids) {
      for (const vmid of remembered.keys()) if (!vmids.has(vmid)) remembered.delete(vmid)
    },
  }
}
