import { ok, type Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import { toRows, toText } from '../../providers/proxmox/parse.ts'
import type { Targets } from '../privileges.ts'
import type { SiteLook } from '../site-look.ts'
import { askEach, hostsOf } from './hosts.ts'
import { imageContentOf } from './image-content.ts'
import { storagesOf } from './storages.ts'

/**
 * Where rights are needed: what the documents name, else what can be seen. What a token has no right on cannot be seen,
 * so without documents only the rest is compared.
 */
export async function targetsOf(look: SiteLook): Promise<Result<Targets, Problem>> {
  const { pool } = look.proxmox
  if (look.wanted) {
    const { hosts, bridges, mappings } = look.wanted
    return ok({
      pool,
      hosts: hosts.map(({ name }) => name),
      diskStorages: unique(hosts.flatMap(({ storage }) => storage ?? [])),
      imageStorages: unique(hosts.flatMap(({ imageStorage }) => imageStorage ?? [])),
      bridges: unique(bridges.map(({ name, vlan }) => (vlan === undefined ? name : `localnetwork/${name}/${vlan}`))),
      mappings,
    })
  }
  const hosts = await hostsOf(look)
  if (!hosts.ok) return hosts
  const storages = await storagesOf(look)
  if (!storages.ok) return storages
  const bridges = await askEach(look, '/network', (data) => toRows(data).flatMap((row) => toText(row['iface']) ?? []), {
    type: 'any_bridge',
  })
  const imageContent = new Map(hosts.value.map((host) => [host.name, imageContentOf(host)]))
  const holding = (contentOn: (host: string) => string): readonly string[] =>
    unique(storages.value.filter(({ host, content }) => content.includes(contentOn(host))).map(({ name }) => name))
  return ok({
    pool,
    hosts: hosts.value.map(({ name }) => name),
    diskStorages: holding(() => 'images'),
    imageStorages: holding((host) => imageContent.get(host) ?? 'import'),
    bridges: bridges.ok ? unique(bridges.value.flatMap(({ answer }) => (answer.ok ? answer.value : []))) : [],
    mappings: [],
  })
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].sort()
