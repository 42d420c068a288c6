import { ok } from '#core/base/result.ts'
import { path } from '../../providers/proxmox/http.ts'
import { toRow, toText } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { guestsOf, sayGuest, type GuestFacts } from '../facts/guests.ts'
import { hostsOf } from '../facts/hosts.ts'
import { fine, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/**
 * Virtio UDP tunnel offload, on by default for some QEMU machine versions, silently breaks VXLAN between pods on
 * different hosts (PVE bug 7627). Off per card, it is gone after the next cold start.
 *
 * Source: facts proxmox.md §5 row 40: machine 10.2 and 11.0, off by default from 11.0+pve1.
 */
export interface TunnelFacts {
  readonly guest: Pick<GuestFacts, 'name' | 'kind' | 'vmid' | 'host' | 'nics'>
  /** As in `pc-q35-10.2+pve1`: what it was started with. */
  readonly machine: string
}

export const hostTunnelCheck: Check<SiteLook> = {
  name: 'tunnel offload',
  async run(look) {
    const hosts = await hostsOf(look)
    if (!hosts.ok) return hosts
    const guests = await guestsOf(look)
    if (!guests.ok) return guests
    const ours = guests.value.filter((guest) => guest.ours && guest.running)
    const facts: TunnelFacts[] = []
    for (const guest of ours) {
      const answer = await look.read(path`/nodes/${guest.host}/qemu/${guest.vmid}/status/current`)
      if (answer.ok) facts.push({ guest, machine: toText(toRow(answer.value.data)['running-machine']) ?? '' })
    }
    return ok(judgeTunnels(facts, new Set(ours.map(({ host }) => host)).size))
  },
}

export function judgeTunnels(facts: readonly TunnelFacts[], hostCount: number): readonly Finding[] {
  // On one host the packets never leave it.
  const affected = hostCount > 1 ? facts.filter(({ machine }) => offloads(machine)) : []
  const findings = affected.flatMap(({ guest }) =>
    guest.nics
      .filter(({ settings }) => settings['host-tunnel'] !== '0')
      .map(({ key, settings }) =>
        warning(
          'tunnel-offload-on',
          `${key} of ${sayGuest(guest)}`,
          'UDP tunnel offload is on: VXLAN traffic between pods on different hosts gets lost',
          `qm set ${guest.vmid} --${key} ${Object.entries({ ...settings, 'host-tunnel': '0' })
            .map(([name, value]) => `${name}=${value}`)
            .join(',')}   # on ${guest.host}; it acts at the next cold start`,
        ),
      ),
  )
  return findings.length > 0 ? findings : [fine('tunnel-offload-off', 'our machines', 'VXLAN between hosts is safe')]
}

function offloads(machine: string): boolean {
  const [, version = '', revision = '0'] = /-(\d+\.\d+)(?:\+pve(\d+))?$/.exec(machine) ?? []
  return version === '10.2' || (version === '11.0' && Number(revision) < 1)
}
