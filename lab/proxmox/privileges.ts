/** The roles that come with a release, of the privileges that it has. Source: `GET /access/roles` of 9.2.11. */
export function builtInRoles(privileges: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const startingWith = (...prefixes: string[]): string[] =>
    privileges.filter((privilege) => prefixes.some((prefix) => privilege.startsWith(prefix)))
  const present = (...names: string[]): string[] => privileges.filter((privilege) => names.includes(privilege))
  return new Map([
    ['Administrator', privileges],
    ['NoAccess', []],
    ['PVEAdmin', privileges.filter((privilege) => !NOT_FOR_ADMINS.includes(privilege))],
    ['PVEAuditor', privileges.filter((each) => each.endsWith('.Audit') && each !== 'VM.GuestAgent.Audit')],
    ['PVEDatastoreAdmin', startingWith('Datastore.')],
    ['PVEDatastoreUser', present('Datastore.AllocateSpace', 'Datastore.Audit')],
    ['PVEMappingAdmin', startingWith('Mapping.')],
    ['PVEMappingAuditor', present('Mapping.Audit')],
    ['PVEMappingUser', present('Mapping.Audit', 'Mapping.Use')],
    ['PVEPoolAdmin', startingWith('Pool.')],
    ['PVEPoolUser', present('Pool.Audit')],
    ['PVESDNAdmin', startingWith('SDN.')],
    ['PVESDNUser', present('SDN.Audit', 'SDN.Use')],
    ['PVESysAdmin', present('Sys.Audit', 'Sys.Console', 'Sys.Syslog')],
    ['PVETemplateUser', present('VM.Audit', 'VM.Clone')],
    ['PVEUserAdmin', [...startingWith('User.', 'Group.'), ...present('Realm.AllocateUser')]],
    ['PVEVMAdmin', startingWith('VM.')],
    [
      'PVEVMUser',
      present('VM.Audit', 'VM.Backup', 'VM.Config.CDROM', 'VM.Config.Cloudinit', 'VM.Console', 'VM.PowerMgmt'),
    ],
  ])
}

const NOT_FOR_ADMINS = ['Permissions.Modify', 'Realm.Allocate', 'Sys.Incoming', 'Sys.Modify', 'Sys.PowerMgmt']
