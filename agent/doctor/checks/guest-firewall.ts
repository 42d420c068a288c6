import { ok } from '#core/base/result.ts'
import { path } from '../../providers/proxmox/http.ts'
import { toFlag, toRow } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { guestsOf, sayGuest, type GuestFacts } from '../facts/guests.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/**
 * A firewall acts on a guest only when it is on for the datacenter, the guest and the card. Then `ipfilter` drops the
 * addresses that move between nodes (the VIP, load balancers), and `macfilter` the frames of other MACs.
 *
 * Source: facts proxmox.md §1.11.
 */
export interface FirewallFacts {
  readonly guest: Pick<GuestFacts, 'name' | 'kind' | 'vmid' | 'host'>
  readonly enabled: boolean
  readonly ipFilter: boolean
  readonly macFilter: boolean
  readonly cards: readonly string[]
}

export const guestFirewallCheck: Check<SiteLook> = {
  name: 'guest firewall',
  async run(look) {
    const guests = await guestsOf(look)
    if (!guests.ok) return guests
    const datacenter = await look.read('/cluster/firewall/options')
    // Unknown without Sys.Audit on /; then it counts as on, because the rules of the guest would act as soon as it is.
    if (datacenter.ok && !toFlag(toRow(datacenter.value.data)['enable'])) return ok(judgeFirewalls([]))
    const facts: FirewallFacts[] = []
    for (const guest of guests.value) {
      const cards = guest.nics.filter(({ settings }) => settings['firewall'] === '1').map(({ key }) => key)
      if (!guest.ours || cards.length === 0) continue
      const answer = await look.read(path`/nodes/${guest.host}/qemu/${guest.vmid}/firewall/options`)
      if (!answer.ok) return answer
      const options = toRow(answer.value.data)
      facts.push({
        guest,
        cards,
        enabled: toFlag(options['enable']),
        ipFilter: toFlag(options['ipfilter']),
        macFilter: options['macfilter'] === undefined || toFlag(options['macfilter']),
      })
    }
    return ok(judgeFirewalls(facts))
  },
}

export function judgeFirewalls(facts: readonly FirewallFacts[]): readonly Finding[] {
  const findings = facts.filter(({ enabled }) => enabled).flatMap(judgeOne)
  return findings.length > 0 ? findings : [fine('firewall-harmless', 'our machines', 'no filter drops their addresses')]
}

function judgeOne({ guest, ipFilter, macFilter, cards }: FirewallFacts): readonly Finding[] {
  const about = sayGuest(guest)
  const set = `pvesh set /nodes/${guest.host}/qemu/${guest.vmid}/firewall/options`
  return [
    ...(ipFilter
      ? [
          trouble(
            'firewall-filters-addresses',
            about,
            `its firewall has ipfilter on (${cards.join(', ')}): the VIP and load-balancer addresses are dropped`,
            `${set} --ipfilter 0`,
          ),
        ]
      : []),
    ...(macFilter
      ? [
          warning(
            'firewall-filters-macs',
            about,
            `its firewall has macfilter on (${cards.join(', ')}): frames with other MACs are dropped, which VRRP and nested networks need`,
            `${set} --macfilter 0`,
          ),
        ]
      : []),
  ]
}
