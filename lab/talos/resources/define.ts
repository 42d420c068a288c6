import type { Edition } from '../edition.ts'

/** What a node says of one type of resource: where it lives, what it is called, how a table shows it. */
export interface Definition {
  readonly type: string
  readonly namespace: string
  readonly displayType: string
  readonly aliases: readonly string[]
  readonly allAliases: readonly string[]
  /** Column → JSON path. */
  readonly columns: Readonly<Record<string, string>>
  /** Only os:admin may read it. */
  readonly sensitive: boolean
  /** The controller that writes it; empty where the lab shows none. */
  readonly owner: string
  /** The first minor that has it; undefined for all the lab knows. */
  readonly since: Edition['minor'] | undefined
}

interface Wish {
  readonly aliases?: readonly string[]
  readonly columns?: Readonly<Record<string, string>>
  readonly sensitive?: boolean
  readonly owner?: string
  readonly since?: Edition['minor']
}

/** COSI's own short name; two types of Talos would share it by their capital letters, and then nobody could use it. */
const RESERVED = 'ns'

/**
 * Completes a definition as COSI does: aliases follow from the name, in the singular, without the end of the type, and
 * by its capital letters. Source: ResourceDefinitionSpec.Fill of cosi-project/runtime 1.14.
 */
export function define(namespace: string, type: string, wish: Wish = {}): Definition {
  const dot = type.indexOf('.')
  const [name, suffix] = [type.slice(0, dot), type.slice(dot + 1)]
  const displayType = singular(name)
  const capitals = name.replaceAll(/[^A-Z]/g, '').toLowerCase()
  const parts = suffix.split('.')
  const aliases = [
    ...(wish.aliases ?? []),
    displayType.toLowerCase(),
    ...(capitals.length > 1 && capitals !== RESERVED
      ? [capitals, ...(capitals.endsWith('s') ? [] : [`${capitals}s`])]
      : []),
  ]
  const longer = parts.slice(1).map((_, index) => [name.toLowerCase(), ...parts.slice(0, index + 1)].join('.'))
  return {
    type,
    namespace,
    displayType,
    aliases,
    allAliases: [name.toLowerCase(), ...longer, ...aliases],
    columns: wish.columns ?? {},
    sensitive: wish.sensitive ?? false,
    owner: wish.owner ?? '',
    since: wish.since,
  }
}

function singular(name: string): string {
  if (name.endsWith('ies')) return `${name.slice(0, -3)}y`
  if (/(?:ss|us|sh|x)es$/.test(name)) return name.slice(0, -2)
  return name.replace(/s$/, '')
}
