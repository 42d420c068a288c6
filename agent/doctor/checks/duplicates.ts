import { ok } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { guestsOf, sayGuest, type GuestFacts } from '../facts/guests.ts'
import { fine, trouble, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** Identities are unique: a backup restored beside its original has both its UUID and its MACs, and the agent refuses both. */
export const duplicateCheck: Check<SiteLook> = {
  name: 'identities',
  async run(look) {
    const guests = await guestsOf(look)
    return guests.ok ? ok(judgeDuplicates(guests.value)) : guests
  },
}

export function judgeDuplicates(guests: readonly GuestFacts[]): readonly Finding[] {
  const findings = [
    ...shared(guests, ({ uuid }) => (uuid === undefined ? [] : [uuid])).map(([uuid, holders]) =>
      trouble('uuid-twice', `UUID ${uuid}`, sayHolders(holders), `qm set ${copyOf(holders)} --smbios1 uuid=$(uuidgen)`),
    ),
    ...shared(guests, ({ macs }) => macs).map(([mac, holders]) =>
      trouble(
        'mac-twice',
        `MAC ${mac}`,
        sayHolders(holders),
        `qm config ${copyOf(holders)}   # then qm set ${copyOf(holders)} --netN with another MAC, the one not made by Lanline`,
      ),
    ),
  ]
  return findings.length > 0 ? findings : [fine('identities-unique', 'guests', 'no UUID and no MAC is there twice')]
}

const sayHolders = (holders: readonly GuestFacts[]): string =>
  `several guests have it, perhaps a restored backup: ${holders.map(sayGuest).join(' and ')}`

/** Which to change: one that is not running before one that is, the younger number before the older. */
const copyOf = (holders: readonly GuestFacts[]): number =>
  holders.toSorted((a, b) => Number(a.running) - Number(b.running) || b.vmid - a.vmid)[0]?.vmid ?? 0

function shared(
  guests: readonly GuestFacts[],
  keysOf: (guest: GuestFacts) => readonly string[],
): readonly (readonly [string, readonly GuestFacts[]])[] {
  const holders = new Map<string, GuestFacts[]>()
  for (const guest of guests)
    for (const key of new Set(keysOf(guest))) holders.set(key, [...(holders.get(key) ?? []), guest])
  return [...holders].filter(([, having]) => having.length > 1)
}
