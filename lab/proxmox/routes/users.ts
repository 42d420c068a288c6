import { randomUUID } from 'node:crypto'
import { badParameters, failed } from '../failure.ts'
import * as formats from '../formats.ts'
import { flag, integer, needed, since9, text, type ParameterTable } from '../parameter.ts'
import { isSet, needs, needsAny, NOTHING, numberParam, param, type Call, type Route } from '../route.ts'
import { mayChangeUser, TOKEN, USER_ID, userOf } from './access.ts'
import type { Token, User } from '../access.ts'

/** People and programs that may log in: looking at them, changing and removing them. */
const GROUP_ID = needed(text({ format: formats.groupId }))
const ABOUT = ['email', 'firstname', 'lastname', 'keys'] as const
const USER: ParameterTable = {
  comment: text({ maxLength: 2048 }),
  email: text({ maxLength: 254 }),
  enable: flag(),
  expire: integer(0),
  firstname: text({ maxLength: 1024 }),
  groups: text(),
  keys: text({ pattern: /^[0-9a-zA-Z!=]{0,4096}$/ }),
  lastname: text({ maxLength: 1024 }),
  userid: USER_ID,
}
const mayAllocateGroups = needs('/access/groups', 'Group.Allocate')

export const userRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/access/users',
    parameters: { enabled: flag(), full: flag() },
    latencyMs: 3,
    handle: (call) => {
      const all = call.world.access.mayAny(call.who, '/access/groups', ['User.Modify', 'Sys.Audit'])
      return [...call.world.access.users.values()]
        .filter((user) => all || user.id === call.who.user)
        .filter((user) => !call.parameters.has('enabled') || user.enabled === isSet(call, 'enabled'))
        .map((user) => ({
          userid: user.id,
          'realm-type': user.id.endsWith('@pam') ? 'pam' : 'pve',
          ...userRow(user),
          ...(isSet(call, 'full') ? { groups: [...user.groups].join(','), tokens: tokenRows(user) } : {}),
        }))
    },
  },
  {
    method: 'GET',
    path: '/access/users/{userid}',
    parameters: { userid: USER_ID },
    latencyMs: 3,
    rights: needsAny('/access/groups', 'User.Modify', 'Sys.Audit'),
    handle: (call) => {
      const user = userOf(call)
      const tokens = Object.fromEntries([...user.tokens].map(([id, token]) => [id, tokenRow(token)]))
      return { ...userRow(user), groups: [...user.groups], tokens }
    },
  },
  {
    method: 'PUT',
    path: '/access/users/{userid}',
    parameters: { ...USER, append: flag({ requires: 'groups' }) },
    latencyMs: 10,
    rights: needs('/access/groups', 'User.Modify'),
    handle: (call) => {
      configureUser(call, userOf(call))
      return null
    },
  },
  {
    method: 'DELETE',
    path: '/access/users/{userid}',
    parameters: { userid: USER_ID },
    latencyMs: 12,
    rights: needs('/access/groups', 'User.Modify'),
    handle: (call) => {
      const user = userOf(call)
      call.world.access.users.delete(user.id)
      call.world.access.forget(user.id)
      return null
    },
  },
  {
    method: 'GET',
    path: '/access/users/{userid}/token',
    parameters: { userid: USER_ID },
    latencyMs: 3,
    rights: mayChangeUser,
    handle: (call) => tokenRows(userOf(call)),
  },
  {
    method: 'GET',
    path: '/access/users/{userid}/token/{tokenid}',
    parameters: TOKEN,
    latencyMs: 3,
    rights: mayChangeUser,
    handle: (call) => tokenRow(tokenOf(call)),
  },
  {
    method: 'PUT',
    path: '/access/users/{userid}/token/{tokenid}',
    parameters: {
      ...TOKEN,
      comment: text(),
      delete: since9(text()),
      expire: integer(0),
      privsep: flag(),
      regenerate: since9(flag()),
    },
    latencyMs: 11,
    rights: mayChangeUser,
    handle: changeToken,
  },
  {
    method: 'GET',
    path: '/access/groups',
    parameters: NOTHING,
    latencyMs: 2,
    handle: (call) =>
      [...call.world.access.groups]
        .filter(() =>
          call.world.access.mayAny(call.who, '/access/groups', ['User.Modify', 'Sys.Audit', 'Group.Allocate']),
        )
        .map(([groupid, comment]) => ({
          groupid,
          users: membersOf(call, groupid).join(','),
          ...(comment === '' ? {} : { comment }),
        })),
  },
  {
    method: 'POST',
    path: '/access/groups',
    parameters: { comment: text(), groupid: GROUP_ID },
    latencyMs: 10,
    rights: mayAllocateGroups,
    handle: (call) => {
      const id = param(call, 'groupid')
      if (call.world.access.groups.has(id)) throw failed(`create group failed: group '${id}' already exists`)
      call.world.access.groups.set(id, param(call, 'comment'))
      return null
    },
  },
  {
    method: 'GET',
    path: '/access/groups/{groupid}',
    parameters: { groupid: GROUP_ID },
    latencyMs: 2,
    rights: needsAny('/access/groups', 'Sys.Audit', 'Group.Allocate'),
    handle: (call) => {
      const comment = call.world.access.groups.get(param(call, 'groupid'))
      if (comment === undefined) throw failed(`group '${param(call, 'groupid')}' does not exist`)
      return { members: membersOf(call, param(call, 'groupid')), ...(comment === '' ? {} : { comment }) }
    },
  },
  {
    method: 'DELETE',
    path: '/access/groups/{groupid}',
    parameters: { groupid: GROUP_ID },
    latencyMs: 10,
    rights: mayAllocateGroups,
    handle: (call) => {
      const id = param(call, 'groupid')
      if (!call.world.access.groups.delete(id)) throw failed(`delete group failed: group '${id}' does not exist`)
      for (const user of call.world.access.users.values()) user.groups.delete(id)
      call.world.access.forget(`@${id}`)
      return null
    },
  },
]

const membersOf = (call: Call, group: string): string[] =>
  [...call.world.access.users.values()].filter(({ groups }) => groups.has(group)).map(({ id }) => id)

const userRow = (user: User): Record<string, unknown> => ({
  enable: user.enabled ? 1 : 0,
  expire: user.expire,
  ...(user.comment === undefined ? {} : { comment: user.comment }),
  ...Object.fromEntries(user.about),
})

const tokenRow = (token: Token): Record<string, unknown> => ({
  privsep: token.separated ? 1 : 0,
  expire: token.expire,
  ...(token.comment === undefined ? {} : { comment: token.comment }),
})

const tokenRows = (user: User): Record<string, unknown>[] =>
  [...user.tokens].map(([tokenid, token]) => ({ tokenid, ...tokenRow(token) }))

function configureUser(call: Call, user: User): void {
  user.comment = call.parameters.get('comment') ?? user.comment
  if (call.parameters.has('enable')) user.enabled = isSet(call, 'enable')
  user.expire = numberParam(call, 'expire') ?? user.expire
  for (const name of ABOUT) if (call.parameters.has(name)) user.about.set(name, param(call, name))
  if (!call.parameters.has('groups')) return
  if (!isSet(call, 'append')) user.groups.clear()
  for (const group of formats.splitList(param(call, 'groups'))) {
    if (!call.world.access.groups.has(group)) throw failed(`update user failed: no such group '${group}'`)
    user.groups.add(group)
  }
}

function tokenOf(call: Call): Token {
  const token = userOf(call).tokens.get(param(call, 'tokenid'))
  if (!token) throw badParameters({ tokenid: 'no such token' })
  return token
}

/** What was sent is shown as text, what stayed as a number. */
function changeToken(call: Call): unknown {
  const token = tokenOf(call)
  token.comment = call.parameters.get('comment') ?? token.comment
  token.expire = numberParam(call, 'expire') ?? token.expire
  if (call.parameters.has('privsep')) token.separated = isSet(call, 'privsep')
  const answer: Record<string, unknown> = {
    privsep: call.parameters.get('privsep') ?? (token.separated ? 1 : 0),
    expire: call.parameters.get('expire') ?? token.expire,
    ...(token.comment === undefined ? {} : { comment: token.comment }),
  }
  if (!isSet(call, 'regenerate')) return answer
  token.secret = randomUUID()
  return { ...answer, 'full-tokenid': `${param(call, 'userid')}!${param(call, 'tokenid')}`, value: token.secret }
}
