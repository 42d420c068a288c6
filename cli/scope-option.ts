import { InvalidArgumentError, Option } from 'commander'
import { ROLES, type Role } from '#core/access/role.ts'
import { Scope, sayScope } from '#core/access/grant.ts'
import type { GrantView } from './api/identity-views.ts'

/** `--on`: everything, site/NAME or cluster/NAME. */
export const scopeOption = (): Option =>
  new Option('--on <scope>', 'everything, site/NAME or cluster/NAME').argParser(readScope)

export function readScope(text: string): Scope {
  const [kind = '', name = '', ...rest] = text.split('/')
  const scope = Scope.safeParse(text === 'everything' ? text : { [kind]: name })
  if (!scope.success || rest.length > 0) throw new InvalidArgumentError('It is everything, site/NAME or cluster/NAME.')
  return scope.data
}

export function readRole(text: string): Role {
  const role = ROLES.find((known) => known === text)
  if (!role) throw new InvalidArgumentError(`It is one of ${ROLES.join(', ')}.`)
  return role
}

export const sayGrant = ({ role, on }: GrantView): string => `${role} on ${sayScope(on)}`
