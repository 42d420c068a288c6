import { err, ok, type Result } from '#core/base/result.ts'
import { EXTRAS, type Extra } from './privileges.ts'
import { parseRelease, type RightsPlan } from './rights-script.ts'

/** What was given to `lanline-agent rights`, as text. */
export interface RightsWish {
  readonly pve?: string | undefined
  readonly user: string
  readonly token: string
  readonly pool: string
  readonly host?: readonly string[] | undefined
  readonly storage?: readonly string[] | undefined
  readonly imageStorage: readonly string[]
  readonly bridge: readonly string[]
  readonly mapping?: readonly string[] | undefined
  readonly with?: readonly string[] | undefined
}

/** Names go into a script that root runs: nothing but what Proxmox itself allows in names. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/
const USER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}@[a-z][a-z0-9-]{1,31}$/

/** A plan that is safe to print as a script, or what is wrong with the wish. `askRelease` is asked when none was given. */
export async function planRights(
  wish: RightsWish,
  askRelease: () => Promise<string | undefined>,
): Promise<Result<RightsPlan, string>> {
  const version = wish.pve ?? (await askRelease())
  if (version === undefined)
    return err(
      '--pve: give the release of your hosts, like --pve 9 (pveversion tells it); no configured endpoint told it',
    )
  const release = parseRelease(version)
  if (!release) return err(`--pve: Proxmox VE ${version} is not supported; 8.0 to 9.x are`)
  if (!wish.storage)
    return err('--storage: name the storage for disks, like --storage local-lvm (pvesm status lists them)')
  const targets = {
    pool: wish.pool,
    hosts: wish.host ?? [],
    diskStorages: wish.storage,
    imageStorages: wish.imageStorage,
    bridges: wish.bridge,
    mappings: wish.mapping ?? [],
  }
  const strange = [wish.token, ...Object.values(targets).flat()].find((name) => !NAME.test(name))
  if (strange !== undefined) return err(`"${strange}" is not a name that Proxmox takes`)
  if (!USER.test(wish.user)) return err(`--user: "${wish.user}" must look like lanline@pve`)
  const extras: Extra[] = []
  for (const name of wish.with ?? []) {
    const extra = Object.keys(EXTRAS).find((known): known is Extra => known === name)
    if (!extra) return err(`--with: "${name}" is none of ${Object.keys(EXTRAS).join(', ')}`)
    extras.push(extra)
  }
  return ok({ release, user: wish.user, tokenName: wish.token, targets, extras })
}
