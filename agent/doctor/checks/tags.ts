import { ok } from '#core/base/result.ts'
import { parseProperties, parseTags, toRow, toText } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { privilegesOn } from '../facts/permissions.ts'
import { fine, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** Whether the rules of the datacenter let the agent tag its machines. Without tags they work, and are harder to find. */
export interface TagRules {
  readonly registered: readonly string[]
  /** `free`, `list`, `existing` or `none`. */
  readonly userAllow: string
  readonly allowedList: readonly string[]
}

export const tagCheck: Check<SiteLook> = {
  name: 'tags',
  async run(look) {
    const answer = await look.read('/cluster/options')
    if (!answer.ok) return answer
    const options = toRow(answer.value.data)
    // The rules are shown only to those who may audit the datacenter; to others every datacenter looks free.
    const audit = await privilegesOn(look, '/')
    if (!audit.ok) return audit
    if (!audit.value.has('Sys.Audit')) return ok([])
    const access = toRow(options['user-tag-access'])
    const packed = parseProperties(toText(options['user-tag-access']))
    const list = access['user-allow-list'] ?? packed['user-allow-list']
    const registered = options['registered-tags']
    return ok(
      judgeTags({
        registered: Array.isArray(registered) ? registered.map(String) : parseTags(toText(registered)),
        userAllow: toText(access['user-allow']) ?? packed['user-allow'] ?? 'free',
        allowedList: Array.isArray(list) ? list.map(String) : parseTags(toText(list)),
      }),
    )
  },
}

const OURS = 'lanline'
const isOurs = (tag: string): boolean => tag === OURS || tag.startsWith(`${OURS}-`)

export function judgeTags({ registered, userAllow, allowedList }: TagRules): readonly Finding[] {
  const about = 'tags'
  const taken = registered.filter(isOurs)
  if (taken.length > 0) {
    const rest = registered.filter((tag) => !isOurs(tag)).join(';')
    return [
      warning(
        'tags-registered',
        about,
        `${taken.join(', ')} are registered, and only administrators may set registered tags`,
        rest === ''
          ? 'pvesh set /cluster/options --delete registered-tags'
          : `pvesh set /cluster/options --registered-tags '${rest}'`,
      ),
    ]
  }
  const allowed = userAllow === 'free' || (userAllow === 'list' && allowedList.includes(OURS))
  if (allowed) return [fine('tags-free', about, 'machines can be tagged')]
  return [
    warning(
      'tags-restricted',
      about,
      `the datacenter allows users only ${userAllow === 'none' ? 'no tags' : 'tags that are listed or exist'}, so machines stay without tags`,
      'pvesh set /cluster/options --user-tag-access user-allow=free',
    ),
  ]
}
