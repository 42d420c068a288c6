import { ok } from '#core/base/result.ts'
import { path } from '../../providers/proxmox/http.ts'
import { toRows, toText } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { guestsOf, sayGuest, type GuestFacts } from '../facts/guests.ts'
import { fine, trouble, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** A lock whose task is gone stays for ever and blocks every change; only root can take it away. */
export interface LockedGuest extends Pick<GuestFacts, 'name' | 'kind' | 'vmid' | 'host'> {
  readonly lock: string
  readonly taskRunning: boolean
}

export const guestLockCheck: Check<SiteLook> = {
  name: 'guest locks',
  async run(look) {
    const guests = await guestsOf(look)
    if (!guests.ok) return guests
    const locked = guests.value.filter(({ ours, lock }) => ours && lock !== undefined)
    const judged = await Promise.all(
      locked.map(async (guest) => {
        const tasks = await look.read(path`/nodes/${guest.host}/tasks`, { vmid: guest.vmid, source: 'active' })
        // A backup of everything names no guest: any task of the host that runs may hold the lock.
        const backups = await look.read(path`/nodes/${guest.host}/tasks`, { typefilter: 'vzdump', source: 'active' })
        const running = [tasks, backups].some((answer) => !answer.ok || hasRunning(answer.value.data))
        return { ...guest, lock: guest.lock ?? '', taskRunning: running }
      }),
    )
    return ok(judgeLocks(judged))
  },
}

const hasRunning = (data: unknown): boolean =>
  toRows(data).some((row) => row['endtime'] === undefined && (toText(row['status']) ?? 'RUNNING') === 'RUNNING')

export function judgeLocks(locked: readonly LockedGuest[]): readonly Finding[] {
  const stuck = locked.filter(({ taskRunning }) => !taskRunning)
  if (stuck.length === 0) return [fine('guests-unlocked', 'our machines', 'none is stuck in a lock')]
  return stuck.map((guest) =>
    trouble(
      'guest-locked',
      sayGuest(guest),
      `it is locked (${guest.lock}) and no task runs that would unlock it`,
      `qm unlock ${guest.vmid}   # on ${guest.host}`,
    ),
  )
}
