import { describe, expect, test } from 'vitest'
import { judgePrivileges, type HeldRights } from '#agent/doctor/checks/privileges.ts'
import { judgeToken } from '#agent/doctor/checks/token.ts'
import { needsOf, pathsOf, type Release, type Targets } from '#agent/doctor/privileges.ts'
import { complaints, DAY_MS, NOW, onlyComplaint } from './builders.ts'

const TARGETS: Targets = {
  pool: 'lanline',
  hosts: ['pve1'],
  diskStorages: ['local-zfs'],
  imageStorages: ['local'],
  bridges: ['vmbr0'],
  mappings: [],
}

/** Rights that are complete but for one privilege, with the roles that are there. */
function lacking(
  privilege: string,
  path: string,
  roles: Readonly<Record<string, readonly string[]>> = {},
  release: Release = [9, 2],
): HeldRights {
  const held = new Map<string, Set<string>>()
  for (const need of needsOf(release))
    for (const each of pathsOf(need.place, TARGETS)) held.set(each, (held.get(each) ?? new Set()).add(need.privilege))
  held.get(path)?.delete(privilege)
  const known = new Map(Object.entries(roles).map(([role, names]) => [role, new Set(names)]))
  return { user: 'lanline@pve', release, targets: TARGETS, held, roles: known }
}

describe('privileges', () => {
  test('[pitfall 9] a missing privilege is told by name and path, with the commands that give it', () => {
    const found = onlyComplaint(judgePrivileges(lacking('Sys.AccessNetwork', '/nodes/pve1')))
    expect(found).toMatchObject({ level: 'problem', about: 'Sys.AccessNetwork on /nodes/pve1' })
    expect(found.fix).toBe(
      'pveum role add LanlineNode --privs "Sys.Audit Sys.AccessNetwork"\npveum acl modify /nodes/pve1 --users lanline@pve --roles LanlineNode',
    )
  })

  test('a role that is there is completed, and one that is complete is only given', () => {
    const partial = lacking('Datastore.Audit', '/storage/local', { LanlineImage: ['Datastore.AllocateTemplate'] })
    expect(onlyComplaint(judgePrivileges(partial)).fix).toBe(
      'pveum role modify LanlineImage --append 1 --privs "Datastore.Audit"\npveum acl modify /storage/local --users lanline@pve --roles LanlineImage',
    )
    const whole = lacking('Datastore.Audit', '/storage/local', {
      LanlineImage: ['Datastore.AllocateTemplate', 'Datastore.Audit'],
    })
    expect(onlyComplaint(judgePrivileges(whole)).fix).toBe(
      'pveum acl modify /storage/local --users lanline@pve --roles LanlineImage',
    )
  })

  test('[pitfall 11] a bridge without SDN.Use is told with its path', () => {
    const found = onlyComplaint(judgePrivileges(lacking('SDN.Use', '/sdn/zones/localnetwork/vmbr0')))
    expect(found.code).toBe('bridge-not-allowed')
    expect(found.fix).toContain('pveum acl modify /sdn/zones/localnetwork/vmbr0 --users lanline@pve')
  })

  test('[pitfall 61] Sys.Audit on the host is asked for: without it the tasks of an earlier token are invisible', () => {
    expect(onlyComplaint(judgePrivileges(lacking('Sys.Audit', '/nodes/pve1'))).about).toBe('Sys.Audit on /nodes/pve1')
  })

  test('[pitfall 12] the guest agent privilege has the name of its release, and never the other one', () => {
    const names = (release: Release) => needsOf(release, ['guest-agent']).map(({ privilege }) => privilege)
    expect(names([9, 0])).toContain('VM.GuestAgent.Audit')
    expect(names([9, 0])).not.toContain('VM.Monitor')
    expect(names([8, 4])).toContain('VM.Monitor')
    expect(names([8, 4])).not.toContain('VM.GuestAgent.Audit')
  })

  test('before 8.2 hosts fetch images with rights on /, because Sys.AccessNetwork does not exist there', () => {
    const at = (release: Release) => needsOf(release).map(({ place, privilege }) => `${place} ${privilege}`)
    expect(at([8, 1])).toEqual(expect.arrayContaining(['cluster Sys.Audit', 'cluster Sys.Modify']))
    expect(at([8, 1])).not.toContain('host Sys.AccessNetwork')
    expect(at([8, 2])).not.toContain('cluster Sys.Modify')
  })

  test('nothing is found when everything is held', () => {
    expect(complaints(judgePrivileges(lacking('no such', '/nodes/pve1')))).toEqual([])
  })
})

describe('token', () => {
  const TOKEN = 'lanline@pve!agent'

  test('[pitfall 9] a separated token without rights of its own is told as that, with the command that joins it to its user', () => {
    const found = onlyComplaint(judgeToken(TOKEN, false, undefined, NOW))
    expect(found).toMatchObject({ code: 'token-without-rights', level: 'problem' })
    expect(found.fix).toContain('pveum user token modify lanline@pve agent --privsep 0')
  })

  test('a token that expires within two weeks is a warning, an expired one never got here', () => {
    const soon = { separated: false, expiresAt: NOW + 3 * DAY_MS }
    expect(complaints(judgeToken(TOKEN, true, soon, NOW))).toEqual(['warning token-expiring'])
    expect(complaints(judgeToken(TOKEN, true, { separated: false, expiresAt: undefined }, NOW))).toEqual([])
  })

  test('a separated token with rights is a warning', () => {
    expect(complaints(judgeToken(TOKEN, true, { separated: true, expiresAt: undefined }, NOW))).toEqual([
      'warning token-separated',
    ])
  })

  test('with the least rights a token may not read about itself, which is in order', () => {
    expect(complaints(judgeToken(TOKEN, true, undefined, NOW))).toEqual([])
  })
})
