import { words } from './words.ts'

/** Every privilege of Proxmox VE 9 and the roles that it comes with. Source: `GET /access/roles` of 9.2.11. */
export const PRIVILEGES: readonly string[] = [
  ...words('Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit'),
  ...words('Group.Allocate Mapping.Audit Mapping.Modify Mapping.Use Permissions.Modify'),
  ...words('Pool.Allocate Pool.Audit Realm.Allocate Realm.AllocateUser'),
  ...words('SDN.Allocate SDN.Audit SDN.Use'),
  ...words('Sys.AccessNetwork Sys.Audit Sys.Console Sys.Incoming Sys.Modify Sys.PowerMgmt Sys.Syslog'),
  ...words('User.Modify VM.Allocate VM.Audit VM.Backup VM.Clone'),
  ...words('VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType'),
  ...words('VM.Config.Memory VM.Config.Network VM.Config.Options VM.Console'),
  ...words('VM.GuestAgent.Audit VM.GuestAgent.FileRead VM.GuestAgent.FileSystemMgmt VM.GuestAgent.FileWrite'),
  ...words('VM.GuestAgent.Unrestricted VM.Migrate VM.PowerMgmt VM.Replicate VM.Snapshot'),
  'VM.Snapshot.Rollback',
]

const startingWith = (...prefixes: string[]): string[] =>
  PRIVILEGES.filter((privilege) => prefixes.some((prefix) => privilege.startsWith(prefix)))

export const BUILT_IN_ROLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['Administrator', PRIVILEGES],
  ['NoAccess', []],
  ['PVEAuditor', PRIVILEGES.filter((privilege) => privilege.endsWith('.Audit') && privilege !== 'VM.GuestAgent.Audit')],
  ['PVEDatastoreAdmin', startingWith('Datastore.')],
  ['PVEDatastoreUser', ['Datastore.AllocateSpace', 'Datastore.Audit']],
  ['PVEPoolAdmin', startingWith('Pool.')],
  ['PVEPoolUser', ['Pool.Audit']],
  ['PVESDNUser', ['SDN.Audit', 'SDN.Use']],
  ['PVEVMAdmin', startingWith('VM.')],
])
