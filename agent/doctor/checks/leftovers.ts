import { ok } from '#core/base/result.ts'
import type { VmidRange } from '#core/model/site.ts'
import { machineOfCidata } from '../../providers/cidata.ts'
import { path } from '../../providers/proxmox/http.ts'
import { toCount, toRows, toText } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { guestsOf, sayGuest, type GuestFacts } from '../facts/guests.ts'
import { storagesOf } from '../facts/storages.ts'
import { fine, warning, type Finding } from '../finding.ts'
import type { SiteLook, WatchedMachine } from '../site-look.ts'

/** What was left behind: machines of ours that no document wants any more, and volumes of machines that are gone. */
export interface LeftoverFacts {
  readonly guests: readonly GuestFacts[]
  readonly watched: readonly WatchedMachine[] | undefined
  readonly volumes: readonly { readonly host: string; readonly volumeId: string; readonly vmid: number | undefined }[]
  /** Undefined without the site's document: then no volume is known to be ours. */
  readonly vmids: VmidRange | undefined
}

export const leftoverCheck: Check<SiteLook> = {
  name: 'leftovers',
  async run(look) {
    const guests = await guestsOf(look)
    if (!guests.ok) return guests
    const storages = await storagesOf(look)
    if (!storages.ok) return storages
    const asked = storages.value.filter(
      ({ active, hangs, content }) => active && !hangs && (content.includes('images') || content.includes('iso')),
    )
    const volumes = await Promise.all(
      asked.map(async ({ host, name }) => {
        const answer = await look.read(path`/nodes/${host}/storage/${name}/content`)
        return answer.ok ? toRows(answer.value.data).map((row) => toVolume(host, row)) : []
      }),
    )
    return ok(
      judgeLeftovers({
        guests: guests.value,
        watched: look.watched,
        volumes: volumes.flat(),
        vmids: look.wanted?.vmids,
      }),
    )
  },
}

const toVolume = (host: string, row: Readonly<Record<string, unknown>>): LeftoverFacts['volumes'][number] => ({
  host,
  volumeId: toText(row['volid']) ?? '',
  vmid: row['vmid'] === undefined ? undefined : toCount(row['vmid']),
})

export function judgeLeftovers(facts: LeftoverFacts): readonly Finding[] {
  const { guests, watched, volumes, vmids } = facts
  const present = new Set(guests.map(({ vmid }) => vmid))
  // A machine that is watched may have its CD before it is there itself.
  const identities = new Set([
    ...guests.flatMap(({ uuid }) => uuid ?? []),
    ...(watched ?? []).map(({ machineId }) => machineId.toLowerCase()),
  ])
  const unwatched = watched
    ? guests.filter(({ ours, uuid }) => ours && !watched.some(({ machineId }) => machineId.toLowerCase() === uuid))
    : []
  const disks = volumes.filter(
    ({ vmid }) => vmid !== undefined && vmids && vmid >= vmids.first && vmid <= vmids.last && !present.has(vmid),
  )
  const isos = volumes.filter(({ volumeId }) => {
    const machineId = machineOfCidata(volumeId.split('/').at(-1) ?? '')
    return machineId !== undefined && !identities.has(machineId)
  })
  const findings = [
    ...unwatched.map((guest) =>
      warning(
        'machine-unwanted',
        sayGuest(guest),
        'Lanline made it, but no cluster of this agent has it any more',
        `qm config ${guest.vmid}   # on ${guest.host}; if nothing needs it: qm stop ${guest.vmid} && qm destroy ${guest.vmid} --purge 1`,
      ),
    ),
    ...[...disks, ...isos].map(({ host, volumeId }) =>
      warning('volume-left-behind', volumeId, `no guest has it any more`, `pvesm free ${volumeId}   # on ${host}`),
    ),
  ]
  return findings.length > 0 ? findings : [fine('nothing-left-behind', 'machines and volumes', 'nothing is left over')]
}
