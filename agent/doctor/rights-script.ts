import { isBefore, needsOf, pathsOf, ROLES, type Extra, type Place, type Release, type Targets } from './privileges.ts'

/**
 * What an administrator does once so that the agent may work: a pool, a user without a password, roles with only the
 * privileges that this release needs, and a token with the user's own rights. As commands of `pveum`, and as a script
 * that may be run again at any time: it then brings the roles up to date and leaves the token's secret as it is.
 */
export interface RightsPlan {
  readonly release: Release
  /** `lanline@pve`. */
  readonly user: string
  /** The part of the token's id behind the `!`. */
  readonly tokenName: string
  readonly targets: Targets
  readonly extras: readonly Extra[]
}

export interface RoleGrant {
  readonly place: Place
  readonly role: string
  readonly privileges: readonly string[]
  readonly why: readonly string[]
  readonly paths: readonly string[]
}

/** The roles of a plan, those without a path left out. */
export function roleGrants({ release, targets, extras }: RightsPlan): readonly RoleGrant[] {
  const places = Object.keys(ROLES) as Place[]
  return places.flatMap((place) => {
    const needs = needsOf(release, extras).filter((need) => need.place === place)
    const paths = pathsOf(place, targets)
    if (needs.length === 0 || paths.length === 0) return []
    const privileges = needs.map((need) => need.privilege)
    return [{ place, role: ROLES[place], privileges, why: needs.map((need) => need.why), paths }]
  })
}

/** On `/` a right would reach everything below and stand in for narrower ones. */
const propagation = (path: string): string => (path === '/' ? ' --propagate 0' : '')

export const aclCommand = (path: string, user: string, role: string): string =>
  `pveum acl modify ${path} --users ${user} --roles ${role}${propagation(path)}`

export function rightsScript(plan: RightsPlan): string {
  const { user, tokenName, targets } = plan
  const grants = roleGrants(plan)
  const major = plan.release[0]
  return [
    '#!/bin/sh',
    `# What the Lanline agent needs on Proxmox VE ${sayReleases(plan)}: user ${user}, token ${tokenName}, pool ${targets.pool}.`,
    '# Run it as root on any one node of the cluster. It may be run again: roles are brought up to date, nothing is taken',
    '# from others, and an existing token keeps its secret.',
    'set -eu',
    '',
    'case "$(pveversion)" in',
    `  ${releasesLike(plan).join('|')}) ;;`,
    `  *) echo "this is for Proxmox VE ${sayReleases(plan)}; make another with: lanline-agent rights --pve VERSION" >&2; exit 1 ;;`,
    'esac',
    '',
    '# has KEY VALUE COMMAND...: whether a list of pveum has such an entry',
    'has() {',
    '  pair="\\"$1\\" *: *\\"$2\\""; shift 2',
    '  "$@" --output-format json | grep -q "$pair"',
    '}',
    'role() { # NAME PRIVILEGES',
    '  if has roleid "$1" pveum role list; then pveum role modify "$1" --privs "$2"; else pveum role add "$1" --privs "$2"; fi',
    '}',
    '',
    `# The pool is the border of what the agent may change; the user has no password.`,
    `has poolid ${targets.pool} pveum pool list || pveum pool add ${targets.pool}`,
    `has userid ${user} pveum user list || pveum user add ${user} --comment "Lanline agent"`,
    ...grants.flatMap((grant) => [
      '',
      ...grant.privileges.map((privilege, index) => `# ${privilege}: ${grant.why[index] ?? ''}`),
      `role ${grant.role} "${grant.privileges.join(' ')}"`,
      ...grant.paths.map((path) => aclCommand(path, user, grant.role)),
    ]),
    '',
    '# The rights of the token are those of its user (privsep 0). Its secret is shown once, here.',
    `if has tokenid ${tokenName} pveum user token list ${user}; then`,
    `  pveum user token modify ${user} ${tokenName} --privsep 0`,
    `  echo "token ${user}!${tokenName} exists and keeps its secret; for a new one: pveum user token remove ${user} ${tokenName}, then this again" >&2`,
    'else',
    `  pveum user token add ${user} ${tokenName} --privsep 0`,
    'fi',
    ...(major >= 9
      ? []
      : ['# After an upgrade to Proxmox VE 9 run the script for 9: privileges have other names there.']),
    '',
  ].join('\n')
}

const MAX_MINOR = 9

/** Releases of the same major that need the very same roles, as patterns of what `pveversion` prints. */
const releasesLike = (plan: RightsPlan): readonly string[] =>
  minorsLike(plan).map((minor) => `pve-manager/${plan.release[0]}.${minor}.*`)

function sayReleases(plan: RightsPlan): string {
  const minors = minorsLike(plan)
  const [first = 0, last = 0] = [minors[0], minors.at(-1)]
  const major = plan.release[0]
  if (minors.length === MAX_MINOR + 1) return String(major)
  if (last === MAX_MINOR) return `${major}.${first} and later ${major}.x`
  return first === last ? `${major}.${first}` : `${major}.${first} to ${major}.${last}`
}

function minorsLike(plan: RightsPlan): readonly number[] {
  const shape = (release: Release): string => JSON.stringify(roleGrants({ ...plan, release }).map((g) => g.privileges))
  return Array.from({ length: MAX_MINOR + 1 }, (_, minor) => minor).filter(
    (minor) => shape([plan.release[0], minor]) === shape(plan.release),
  )
}

/** `9`, `8`, `8.1` or `9.2.11`; a bare major means its newest release. Undefined: not one this product supports. */
export function parseRelease(text: string): Release | undefined {
  const match = /^(\d{1,2})(?:\.(\d{1,2}))?(?:\.\d{1,3})?$/.exec(text)
  if (!match) return undefined
  const release: Release = [Number(match[1]), Number(match[2] ?? MAX_MINOR)]
  return isBefore(release, OLDEST_RELEASE) || release[0] > NEWEST_MAJOR ? undefined : release
}

/** Source: facts proxmox.md §6: older ones have no SDN.Use and no way to import. */
export const OLDEST_RELEASE: Release = [8, 0]
/** What the next one calls its privileges is not known. */
export const NEWEST_MAJOR = 9
