import { ok } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { hostsOf, type HostFacts } from '../facts/hosts.ts'
import { imageContentOf } from '../facts/image-content.ts'
import { storagesOf, type StorageFacts } from '../facts/storages.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'
import type { Wanted } from '../wanted.ts'

/** The storages that are used exist on their hosts, are active, answer, and take what is put on them. */
export const storageCheck: Check<SiteLook> = {
  name: 'storages',
  async run(look) {
    const hosts = await hostsOf(look)
    if (!hosts.ok) return hosts
    const storages = await storagesOf(look)
    return storages.ok ? ok(judgeStorages(hosts.value, storages.value, look.wanted)) : storages
  },
}

export function judgeStorages(
  hosts: readonly HostFacts[],
  storages: readonly StorageFacts[],
  wanted: Pick<Wanted, 'hosts'> | undefined,
): readonly Finding[] {
  const hanging = storages.filter(({ hangs }) => hangs).map(hangs)
  const online = hosts.filter((host) => host.online)
  return [...hanging, ...online.flatMap((host) => judgeHost(host, storages, wanted))]
}

const hangs = ({ name, host, type }: StorageFacts): Finding =>
  trouble(
    'storage-hangs',
    `storage ${name} on ${host}`,
    `asking for its state gets no answer: the ${type === '' ? 'storage' : type} server behind it is slow or gone`,
    `timeout 10 pvesm status --storage ${name}   # on ${host}; while its server is away: pvesm set ${name} --disable 1`,
  )

function judgeHost(
  host: HostFacts,
  storages: readonly StorageFacts[],
  wanted: Pick<Wanted, 'hosts'> | undefined,
): readonly Finding[] {
  const here = storages.filter((storage) => storage.host === host.name)
  const image = imageContentOf(host)
  const named = wanted?.hosts.find(({ name }) => name === host.name)
  if (wanted)
    return named
      ? [
          ...judgeNamed(host.name, named.storage, 'images', here),
          ...judgeNamed(host.name, named.imageStorage, image, here),
        ]
      : []
  return [...judgeAny(host.name, 'images', here), ...judgeAny(host.name, image, here)]
}

function judgeNamed(
  host: string,
  name: string | undefined,
  content: string,
  here: readonly StorageFacts[],
): readonly Finding[] {
  if (name === undefined) return []
  const about = `storage ${name} on ${host}`
  const found = here.find((storage) => storage.name === name)
  if (!found)
    return [
      trouble(
        'storage-missing',
        about,
        here.length === 0
          ? 'the token sees no storage there: it has no right on any'
          : `there is no such storage, or the token has no right on it; it sees ${here.map((storage) => storage.name).join(', ')}`,
        `pvesm status   # on ${host}; if it is there: lanline-agent rights --storage ${name}`,
      ),
    ]
  if (found.hangs) return []
  if (!found.active)
    return [
      trouble(
        'storage-inactive',
        about,
        'it is not active',
        `pvesm status --storage ${name}   # on ${host}; if it is disabled: pvesm set ${name} --disable 0`,
      ),
    ]
  if (!found.content.includes(content)) return [withoutContent(found, content)]
  return [fine('storage-ready', about, `takes ${content}`)]
}

/** The list is replaced as a whole, so the fix names what it has already. */
const withoutContent = ({ name, host, content }: StorageFacts, missing: string): Finding =>
  trouble(
    'storage-content-missing',
    `storage ${name} on ${host}`,
    `it does not take the content type ${missing}`,
    `pvesm set ${name} --content ${[...content, missing].sort().join(',')}`,
  )

/** Only these types keep files. Source: facts proxmox.md §1.4. */
const FILE_TYPES: readonly string[] = ['dir', 'nfs', 'cifs', 'btrfs', 'cephfs']

function judgeAny(host: string, content: string, here: readonly StorageFacts[]): readonly Finding[] {
  const able = here.filter((storage) => storage.active && storage.content.includes(content))
  if (able.length > 0)
    return [fine('storage-ready', `storages of ${host}`, `${able.map(({ name }) => name).join(', ')} take ${content}`)]
  const candidate = here.find(({ type, active }) => active && FILE_TYPES.includes(type))
  if (candidate) return [withoutContent(candidate, content)]
  return [
    warning(
      'storage-missing',
      `storages of ${host}`,
      `the token sees no active storage that takes ${content}`,
      'lanline-agent rights --storage DISKS --image-storage IMAGES   # prints the script with the names of yours',
    ),
  ]
}
