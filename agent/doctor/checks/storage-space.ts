import { ok } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { storagesOf, type StorageFacts } from '../facts/storages.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** Free space of the storages that are used; a thin pool that runs full freezes every guest on it. */
export const storageSpaceCheck: Check<SiteLook> = {
  name: 'free space',
  async run(look) {
    const storages = await storagesOf(look)
    if (!storages.ok) return storages
    const { wanted } = look
    const used = wanted?.hosts.flatMap(({ name, storage, imageStorage }) => [
      { host: name, name: storage },
      { host: name, name: imageStorage },
    ])
    const isUsed = (storage: StorageFacts): boolean =>
      used === undefined || used.some((each) => each.host === storage.host && each.name === storage.name)
    return ok(judgeSpace(storages.value.filter(isUsed)))
  },
}

const GIB = 1024 ** 3
/** A Talos image takes 0.3 to 2 GiB, and a second one is there while machines are upgraded. */
const IMAGE_ROOM_BYTES = 5 * GIB
/** Above this thin pools are extended or emptied. Source: facts proxmox.md §1.13. */
const FULL = 0.8
const ALMOST_FULL = 0.95

export const judgeSpace = (storages: readonly StorageFacts[]): readonly Finding[] =>
  storages.filter(({ active, hangs, totalBytes }) => active && !hangs && totalBytes > 0).map(judgeOne)

function judgeOne({ name, host, type, content, totalBytes, freeBytes }: StorageFacts): Finding {
  const about = `storage ${name} on ${host}`
  const used = 1 - freeBytes / totalBytes
  const text = `${Math.round(used * 100)} % of ${Math.round(totalBytes / GIB)} GiB are used, ${(freeBytes / GIB).toFixed(1)} GiB are free`
  const fix = `pvesm list ${name}   # on ${host}: delete what is not needed${type === 'lvmthin' ? ', or lvextend the thin pool' : ''}`
  if (content.includes('images') && used > ALMOST_FULL) return trouble('storage-full', about, text, fix)
  if (content.includes('images') && used > FULL) return warning('storage-filling', about, text, fix)
  if (content.includes('import') && freeBytes < IMAGE_ROOM_BYTES) return warning('storage-filling', about, text, fix)
  return fine('storage-free', about, text)
}
