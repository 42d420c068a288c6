import { ok } from '#core/base/result.ts'
import { toCount, toRow } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { askEach } from '../facts/hosts.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** An upload is spooled on the root file system of the host before it reaches its storage; a full one stops the host. */
export const rootSpaceCheck: Check<SiteLook> = {
  name: 'root file systems',
  async run(look) {
    const asked = await askEach(look, '/status', (data) => toCount(toRow(toRow(data)['rootfs'])['avail']))
    if (!asked.ok) return asked
    return ok(asked.value.flatMap(({ host, answer }) => (answer.ok ? [judgeRootSpace(host, answer.value)] : [])))
  },
}

const GIB = 1024 ** 3
/** The largest ISO that is uploaded, and as much again for logs. */
const ROOM_BYTES = 2 * GIB
const NONE_BYTES = GIB / 4

export function judgeRootSpace(host: string, availableBytes: number): Finding {
  const about = `root file system of ${host}`
  const text = `${(availableBytes / GIB).toFixed(1)} GiB are free`
  const fix = 'du -xh --max-depth 2 / | sort -h | tail; apt clean; journalctl --vacuum-size 200M'
  if (availableBytes < NONE_BYTES) return trouble('root-full', about, text, `${fix}   # on ${host}`)
  if (availableBytes < ROOM_BYTES)
    return warning('root-filling', about, `${text}, and uploads pass through it`, `${fix}   # on ${host}`)
  return fine('root-free', about, text)
}
