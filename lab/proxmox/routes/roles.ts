import { failed } from '../failure.ts'
import * as formats from '../formats.ts'
import { changedIn9, flag, needed, text, type Parameter } from '../parameter.ts'
import { PROFILES } from '../profile.ts'
import { isSet, needs, needsAny, NOTHING, param, type Route } from '../route.ts'

/** Roles, which are named sets of privileges, and the realms that people log in to. */
const listOf = (known: readonly string[]): Parameter =>
  text({
    format: (value) => {
      const unknown = formats.splitList(value).find((privilege) => !known.includes(privilege))
      return unknown === undefined ? undefined : `invalid privilege '${unknown}'\n`
    },
  })
const privilegeList = changedIn9(listOf(PROFILES['9.2'].privileges), listOf(PROFILES['8.4'].privileges))
const ROLE_ID = needed(text({ format: formats.roleId }))
const EMPTY_SHA1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'
const DOMAINS = [
  { realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication', plugin: 'PVE::Auth::PAM' },
  { realm: 'pve', type: 'pve', comment: 'Proxmox VE authentication server', plugin: 'PVE::Auth::PVE' },
] as const

export const roleRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/access/roles',
    parameters: NOTHING,
    latencyMs: 2,
    handle: ({ world }) =>
      [...world.access.roles].map(([roleid, privileges]) => ({
        roleid,
        privs: [...privileges].sort().join(','),
        special: /^(PVE|Administrator$|NoAccess$)/.test(roleid) ? 1 : 0,
      })),
  },
  {
    method: 'POST',
    path: '/access/roles',
    parameters: { privs: privilegeList, roleid: ROLE_ID },
    latencyMs: 12,
    rights: needs('/access', 'Sys.Modify'),
    handle: (call) => {
      const role = param(call, 'roleid')
      if (call.world.access.roles.has(role)) throw failed(`create role failed: role '${role}' already exists`)
      call.world.access.roles.set(role, new Set(formats.splitList(param(call, 'privs'))))
      return null
    },
  },
  {
    method: 'GET',
    path: '/access/roles/{roleid}',
    parameters: { roleid: ROLE_ID },
    latencyMs: 2,
    handle: (call) => {
      const privileges = call.world.access.roles.get(param(call, 'roleid'))
      if (!privileges) throw failed(`role '${param(call, 'roleid')}' does not exist`)
      return Object.fromEntries([...privileges].map((privilege) => [privilege, 1]))
    },
  },
  {
    method: 'DELETE',
    path: '/access/roles/{roleid}',
    parameters: { roleid: ROLE_ID },
    latencyMs: 9,
    rights: needs('/access', 'Sys.Modify'),
    handle: (call) => {
      const role = param(call, 'roleid')
      if (!call.world.access.roles.delete(role)) throw failed(`delete role failed: role '${role}' does not exist`)
      return null
    },
  },
  {
    method: 'GET',
    path: '/access/domains',
    parameters: NOTHING,
    latencyMs: 2,
    handle: () => DOMAINS.map(({ realm, type, comment }) => ({ realm, type, comment })),
  },
  {
    method: 'GET',
    path: '/access/domains/{realm}',
    parameters: { realm: needed(text({ maxLength: 32, format: formats.realm })) },
    latencyMs: 2,
    rights: needsAny('/access/realm', 'Realm.Allocate', 'Sys.Audit'),
    handle: (call) => {
      const domain = DOMAINS.find(({ realm }) => realm === param(call, 'realm'))
      if (!domain) throw failed(`domain '${param(call, 'realm')}' does not exist`)
      return { type: domain.type, comment: domain.comment, digest: EMPTY_SHA1, plugin: domain.plugin }
    },
  },
  {
    method: 'GET',
    path: '/access/ticket',
    parameters: NOTHING,
    latencyMs: 1,
    handle: () => null,
  },
  {
    method: 'PUT',
    path: '/access/roles/{roleid}',
    parameters: { append: flag({ requires: 'privs' }), privs: privilegeList, roleid: ROLE_ID },
    latencyMs: 9,
    rights: needs('/access', 'Sys.Modify'),
    handle: (call) => {
      const role = param(call, 'roleid')
      const before = call.world.access.roles.get(role)
      if (!before) throw failed(`modify role failed: role '${role}' does not exist`)
      const given = formats.splitList(param(call, 'privs'))
      call.world.access.roles.set(role, new Set(isSet(call, 'append') ? [...before, ...given] : given))
      return null
    },
  },
]
