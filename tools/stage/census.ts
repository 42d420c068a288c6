import type { Lab } from '#lab/lab.ts'

/** Who is in the lab, measured against who should be: what journeys and crash tests end with. */

/** The guests that were there before, as their host describes them: equal texts mean that nobody touched them. */
export const foreignGuests = (lab: Lab): string =>
  JSON.stringify(
    lab.hypervisor
      .guests()
      .filter((guest) => guest.foreign)
      .map((guest) => [guest.vmid, [...guest.config], [...guest.pending], guest.running]),
  )

export interface Expected {
  /** Name → address, as in a cluster's spec. */
  readonly machines: Readonly<Record<string, string>>
  /** `foreignGuests` at the beginning. */
  readonly foreign: string
}

/** What is there and should not be, or should be and is not; [] when the site is exactly as wanted. */
export function complaints(lab: Lab, { machines, foreign }: Expected): readonly string[] {
  const guests = lab.hypervisor.guests().filter((guest) => !guest.foreign)
  const names = guests.map((guest) => guest.config.get('name') ?? '?').toSorted()
  const wanted = Object.keys(machines).toSorted()
  const vmids = new Set(lab.hypervisor.guests().map((guest) => guest.vmid))
  const found: string[] = []

  if (names.join() !== wanted.join()) found.push(`guests are [${names.join()}], wanted are [${wanted.join()}]`)
  for (const guest of guests) {
    const lock = guest.config.get('lock')
    if (lock) found.push(`guest ${guest.vmid} is left with the lock ${lock}`)
  }
  for (const volume of lab.hypervisor.volumes())
    if (volume.vmid !== undefined && !vmids.has(volume.vmid)) found.push(`volume ${volume.volid} belongs to nobody`)
  if (foreignGuests(lab) !== foreign) found.push('a foreign guest was touched')
  for (const { code, subject, detail } of lab.violations()) found.push(`violation ${code}: ${subject} ${detail}`)
  for (const { address, first, second } of lab.lan.conflicts())
    found.push(`${address} belonged to ${first.owner} and ${second.owner}`)

  const alive = lab.nodes().filter((node) => node.on)
  for (const [name, address] of Object.entries(machines)) {
    const node = alive.find((candidate) => candidate.hostname === name)
    if (!node) found.push(`no node is called ${name}`)
    else if (!node.links.some((link) => link.addresses.some((own) => own.split('/')[0] === address)))
      found.push(`${name} does not have ${address}`)
  }
  return found
}
