import { randomUUID } from 'node:crypto'
import { badParameters, failed, forbidden } from '../failure.ts'
import * as formats from '../formats.ts'
import { newUser, type User } from '../access.ts'
import { flag, integer, needed, text, type ParameterTable } from '../parameter.ts'
import { isSet, needs, NOTHING, numberParam, param, shownPrivileges, type Call, type Route } from '../route.ts'

export const USER_ID = needed(text({ maxLength: 64, format: formats.userId }))
const TOKEN_ID = needed(text({ pattern: /^[A-Za-z][A-Za-z0-9.\-_]+$/ }))
export const TOKEN: ParameterTable = { userid: USER_ID, tokenid: TOKEN_ID }

const ACL_PATH =
  /^\/(access(\/groups(\/[^/]+)?|\/realm(\/[^/]+)?)?|nodes(\/[^/]+)?|pool(\/[^/]+)*|sdn(\/[^/]+)*|storage(\/[^/]+)?|vms(\/[1-9]\d{2,8})?|mapping(\/[^/]+)*)?$/

/** Grants, and the making of users and tokens. */
export const accessRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/access/permissions',
    parameters: {
      path: text(),
      userid: text({ pattern: /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+(![A-Za-z][A-Za-z0-9.\-_]+)?$/ }),
    },
    latencyMs: 1,
    handle: permissions,
  },
  {
    method: 'GET',
    path: '/access/acl',
    parameters: NOTHING,
    latencyMs: 4,
    handle: ({ world, who }) =>
      world.access.entries().filter(({ path }) => world.access.may(who, path, 'Permissions.Modify')),
  },
  {
    method: 'PUT',
    path: '/access/acl',
    parameters: {
      delete: flag(),
      groups: text(),
      path: needed(text()),
      propagate: flag(),
      roles: needed(text()),
      tokens: text(),
      users: text(),
    },
    latencyMs: 9,
    rights: needs('{path}', 'Permissions.Modify'),
    handle: changeAcl,
  },
  {
    method: 'POST',
    path: '/access/users',
    parameters: {
      comment: text({ maxLength: 2048 }),
      email: text({ maxLength: 254 }),
      enable: flag(),
      expire: integer(0),
      firstname: text({ maxLength: 1024 }),
      groups: text(),
      keys: text({ pattern: /^[0-9a-zA-Z!=]{0,4096}$/ }),
      lastname: text({ maxLength: 1024 }),
      password: text({ minLength: 8, maxLength: 64 }),
      userid: USER_ID,
    },
    latencyMs: 12,
    rights: needs('/access/groups', 'User.Modify'),
    handle: (call) => {
      const id = param(call, 'userid')
      if (call.world.access.users.has(id)) throw failed(`create user failed: user '${id}' already exists`)
      const user = newUser(id, call.parameters.get('password'), call.parameters.get('comment'))
      user.enabled = call.parameters.get('enable') !== '0'
      user.expire = numberParam(call, 'expire') ?? 0
      for (const group of formats.splitList(param(call, 'groups'))) {
        if (!call.world.access.groups.has(group)) throw failed(`create user failed: no such group '${group}'`)
        user.groups.add(group)
      }
      call.world.access.users.set(id, user)
      return null
    },
  },
  {
    method: 'POST',
    path: '/access/users/{userid}/token/{tokenid}',
    parameters: { ...TOKEN, comment: text(), expire: integer(0), privsep: flag() },
    latencyMs: 11,
    rights: mayChangeUser,
    handle: addToken,
  },
  {
    method: 'DELETE',
    path: '/access/users/{userid}/token/{tokenid}',
    parameters: TOKEN,
    latencyMs: 10,
    rights: mayChangeUser,
    handle: (call) => {
      if (!userOf(call).tokens.delete(param(call, 'tokenid')))
        throw failed(`no such token '${param(call, 'tokenid')}' for user '${param(call, 'userid')}'`)
      return null
    },
  },
]

export function mayChangeUser(call: Call): void {
  const self = call.who.user === param(call, 'userid') && call.who.token === undefined
  if (!self) needs('/access/groups', 'User.Modify')(call)
}

export function userOf(call: Call): User {
  const id = param(call, 'userid')
  const user = call.world.access.users.get(id)
  if (!user) throw failed(`no such user ('${id}')`)
  return user
}

function permissions(call: Call): unknown {
  const { world, who } = call
  const asked = call.parameters.get('userid')
  let subject = who
  if (asked !== undefined) {
    const [user = '', token] = asked.split('!')
    subject = { user, token }
    if (user !== who.user && !world.access.may(who, '/access', 'Sys.Audit')) throw forbidden('/access, Sys.Audit')
  }
  const path = call.parameters.get('path')
  const paths = path === undefined ? world.access.paths() : [path]
  const held = paths.map((each) => [each, world.access.privileges(subject, each)] as const)
  return Object.fromEntries(
    held
      .filter(([, privileges]) => privileges.size > 0)
      .map(([each, privileges]) => [each, shownPrivileges(privileges)]),
  )
}

function changeAcl(call: Call): null {
  const { access } = call.world
  const path = param(call, 'path')
  if (!ACL_PATH.test(path)) throw badParameters({ path: `invalid ACL path '${path}'` })
  const groups = formats.splitList(param(call, 'groups'))
  const unknownGroup = groups.find((group) => !access.groups.has(group))
  if (unknownGroup !== undefined) throw failed(`ACL update failed: group '${unknownGroup}' does not exist`)
  const names = [...formats.splitList(param(call, 'users')), ...formats.splitList(param(call, 'tokens'))]
  const propagate = call.parameters.get('propagate') !== '0'
  for (const role of formats.splitList(param(call, 'roles'))) {
    if (!access.roles.has(role)) throw failed(`ACL update failed: role '${role}' does not exist`)
    for (const name of names) {
      const [user = '', token] = name.split('!')
      const known = access.users.get(user)
      if (!known || (token !== undefined && !known.tokens.has(token)))
        throw failed(`ACL update failed: ${token === undefined ? `user '${name}'` : `token '${name}'`} does not exist`)
      if (isSet(call, 'delete')) access.revoke(path, role, name)
      else access.grant(path, role, name, propagate)
    }
    for (const group of groups) {
      if (isSet(call, 'delete')) access.revoke(path, role, `@${group}`)
      else access.grant(path, role, `@${group}`, propagate)
    }
  }
  return null
}

function addToken(call: Call): unknown {
  const id = param(call, 'tokenid')
  const user = userOf(call)
  if (user.tokens.has(id)) throw badParameters({ tokenid: 'Token already exists.' })
  const separated = call.parameters.get('privsep') !== '0'
  const comment = call.parameters.get('comment')
  const secret = randomUUID()
  user.tokens.set(id, { secret, separated, comment, expire: numberParam(call, 'expire') ?? 0 })
  return {
    'full-tokenid': `${user.id}!${id}`,
    value: secret,
    info: {
      // A number by default, text when it was sent.
      privsep: call.parameters.get('privsep') ?? 1,
      ...(comment === undefined ? {} : { comment }),
    },
  }
}
