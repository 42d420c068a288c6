import { splitList } from './formats.ts'
import { forbidden } from './failure.ts'
import { readProperties, type PropertyFormat } from './property-string.ts'
import { choice, text } from './parameter.ts'
import type { Cluster } from './cluster.ts'
import type { Identity } from './access.ts'

/**
 * Which tags a caller may give or take away. Registered tags are the administrator's; `user-tag-access` says which of
 * the others people may use at all. Source: observed on 9.2.11.
 */
export const tagAccessFormat: PropertyFormat = {
  keys: {
    'user-allow': choice('none', 'list', 'existing', 'free'),
    'user-allow-list': text(),
  },
}

export interface TagAccess {
  readonly allow: string
  readonly list: readonly string[]
}

export function tagAccessOf(cluster: Cluster): TagAccess {
  const set = readProperties(tagAccessFormat, cluster.options.get('user-tag-access') ?? '')
  return { allow: set?.get('user-allow') ?? 'free', list: splitList(set?.get('user-allow-list') ?? '') }
}

export const registeredTags = (cluster: Cluster): string[] => splitList(cluster.options.get('registered-tags') ?? '')

/** Throws for the first tag that is added or taken away and needs more than the caller has. */
export function checkTagChange(cluster: Cluster, who: Identity, before: string, after: string): void {
  const [old, wanted] = [new Set(splitList(before)), new Set(splitList(after.toLowerCase()))]
  const changed = [...wanted].filter((tag) => !old.has(tag)).concat([...old].filter((tag) => !wanted.has(tag)))
  const { allow, list } = tagAccessOf(cluster)
  const registered = registeredTags(cluster)
  for (const tag of changed) {
    const free = !registered.includes(tag) && (allow === 'free' || list.includes(tag) || isInUse(cluster, allow, tag))
    if (!free && !cluster.access.may(who, '/', 'Sys.Modify'))
      throw forbidden(`/, Sys.Modify for modifying tag '${tag}'`)
  }
}

const isInUse = (cluster: Cluster, allow: string, tag: string): boolean =>
  allow === 'existing' && cluster.guests().some(({ vm }) => splitList(vm.config.get('tags') ?? '').includes(tag))
