import { err, ok, type Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import { toFlag, toRow, toRows, toText } from '../../providers/proxmox/parse.ts'
import type { SiteLook } from '../site-look.ts'

/** What the token may do on a path, rights that propagate from above included. */
export async function privilegesOn(look: SiteLook, path: string): Promise<Result<ReadonlySet<string>, Problem>> {
  const answer = await look.read('/access/permissions', { path })
  if (!answer.ok) return err(answer.error)
  return ok(new Set(Object.keys(toRow(toRow(answer.value.data)[path]))))
}

/** All that the token has anywhere; empty for a separated token without rights of its own. */
export async function anyPrivileges(look: SiteLook): Promise<Result<boolean, Problem>> {
  const answer = await look.read('/access/permissions')
  if (!answer.ok) return err(answer.error)
  return ok(Object.values(toRow(answer.value.data)).some((held) => Object.keys(toRow(held)).length > 0))
}

/** Privileges by role, of roles that exist; any user may read them. */
export async function rolesOf(look: SiteLook): Promise<Result<ReadonlyMap<string, ReadonlySet<string>>, Problem>> {
  const answer = await look.read('/access/roles')
  if (!answer.ok) return err(answer.error)
  return ok(
    new Map(
      toRows(answer.value.data).map((row) => [
        toText(row['roleid']) ?? '',
        new Set((toText(row['privs']) ?? '').split(',')),
      ]),
    ),
  )
}

export interface TokenFacts {
  readonly separated: boolean
  /** Epoch ms; undefined: never. */
  readonly expiresAt: number | undefined
}

/** Undefined: the token may not read about itself, which is how it is with the least rights. */
export async function tokenOf(look: SiteLook): Promise<TokenFacts | undefined> {
  const [user = '', name = ''] = look.proxmox.tokenId.split('!')
  const answer = await look.read(`/access/users/${encodeURIComponent(user)}/token/${encodeURIComponent(name)}`)
  if (!answer.ok) return undefined
  const row = toRow(answer.value.data)
  const expire = Number(toText(row['expire']) ?? 0)
  return {
    separated: row['privsep'] === undefined || toFlag(row['privsep']),
    expiresAt: expire > 0 ? expire * 1000 : undefined,
  }
}
