import { ok } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { anyPrivileges, tokenOf, type TokenFacts } from '../facts/permissions.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** Whether Proxmox takes the token, until when, and whether it has any rights at all. */
export const tokenCheck: Check<SiteLook> = {
  name: 'token',
  async run(look) {
    const { tokenId } = look.proxmox
    const held = await anyPrivileges(look)
    if (!held.ok && held.error.code === 'provider-unauthorized') return ok([refused(tokenId)])
    if (!held.ok) return held
    return ok(judgeToken(tokenId, held.value, await tokenOf(look), look.clock.now()))
  },
}

const SOON_MS = 14 * 24 * 3_600_000

/** A wrong secret, an expired token and an unknown user look alike to Proxmox, so the fix covers all three. */
const refused = (tokenId: string): Finding => {
  const [user = '', name = ''] = tokenId.split('!')
  return trouble(
    'token-refused',
    tokenId,
    'Proxmox refuses the token: its secret is wrong, it has expired, or there is no such token',
    `pveum user token list ${user}\npveum user token remove ${user} ${name}; pveum user token add ${user} ${name} --privsep 0   # then put the new secret into the file of the agent and restart it`,
  )
}

export function judgeToken(
  tokenId: string,
  anyRights: boolean,
  token: TokenFacts | undefined,
  now: number,
): readonly Finding[] {
  const [user = '', name = ''] = tokenId.split('!')
  if (!anyRights)
    return [
      trouble(
        'token-without-rights',
        tokenId,
        token?.separated === false
          ? `the token is valid, but its user ${user} has no right anywhere`
          : 'the token is valid, but has no right anywhere: with privilege separation it needs rights of its own beside those of its user',
        `pveum user token modify ${user} ${name} --privsep 0\nlanline-agent rights   # prints the script that gives ${user} what is needed`,
      ),
    ]
  const left = token?.expiresAt === undefined ? undefined : token.expiresAt - now
  if (left !== undefined && left < SOON_MS)
    return [
      warning(
        'token-expiring',
        tokenId,
        `the token expires in ${Math.max(0, Math.floor(left / (24 * 3_600_000)))} days`,
        `pveum user token modify ${user} ${name} --expire 0`,
      ),
    ]
  if (token?.separated)
    return [
      warning(
        'token-separated',
        tokenId,
        'the token has privilege separation: every right has to be given to the user and to the token',
        `pveum user token modify ${user} ${name} --privsep 0`,
      ),
    ]
  return [fine('token-valid', tokenId, 'Proxmox takes the token')]
}
