import { ok } from '#core/base/result.ts'
import type { VmidRange } from '#core/model/site.ts'
import type { Check } from '../check.ts'
import { guestsOf, sayGuest, type GuestFacts } from '../facts/guests.ts'
import { fine, shortList, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** The range of VMIDs belongs to Lanline alone: Proxmox reserves no number, so two users of one range collide. */
export const foreignVmidCheck: Check<SiteLook> = {
  name: 'VMID range',
  async run(look) {
    const range = look.wanted?.vmids
    if (!range) return ok([])
    const guests = await guestsOf(look)
    return guests.ok ? ok(judgeVmids(range, guests.value)) : guests
  },
}

export function judgeVmids({ first, last }: VmidRange, guests: readonly GuestFacts[]): readonly Finding[] {
  const about = `VMIDs ${first}-${last}`
  const foreign = guests.filter(({ ours, vmid }) => !ours && vmid >= first && vmid <= last)
  if (foreign.length === 0) return [fine('vmids-ours', about, 'no foreign guest is in the range')]
  return [
    warning(
      'vmids-shared',
      about,
      `foreign guests are in the range: ${shortList(foreign.map(sayGuest))}`,
      'set spec.vmids of the site to a range that nobody else uses; keep others out with: pvesh set /cluster/options --next-id lower=100,upper=LOWEST',
    ),
  ]
}
