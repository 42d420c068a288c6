import type { Major } from './parameter.ts'
import { words } from './words.ts'

/**
 * What differs between the releases that are imitated, as data: routes and parameters say by themselves which releases
 * know them (`since`, `until`, `before9`). Source: the same calls recorded on 9.2.11 and 8.4.21; 8.2 is 8.4 without what
 * came since (facts proxmox.md §6).
 */
export interface Profile {
  readonly major: Major
  readonly version: { readonly version: string; readonly release: string; readonly repoid: string }
  readonly privileges: readonly string[]
  /** Any of these lets one ask the guest agent. */
  readonly agentPrivileges: readonly string[]
  /** Rights on tags at create may come from the pool that the guest is made in. */
  readonly poolGivesTags: boolean
  /** Figures carry the memory of the host's process and the pressure of the last minutes. */
  readonly pressureShown: boolean
  /** CPU models that are not real ones say so, and a host's CPU names its vendor. */
  readonly cpuDetails: boolean
  /** Newest first. */
  readonly machineVersions: readonly string[]
  /** As `meta` of a new guest says. */
  readonly qemuVersion: string
  readonly haPlacement: 'rules' | 'groups'
  /** Stores take disk images for import. */
  readonly imageImport: boolean
}

export type Release = '9.2' | '8.4' | '8.2'

const COMMON_PRIVILEGES: readonly string[] = [
  ...words('Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit'),
  ...words('Group.Allocate Mapping.Audit Mapping.Modify Mapping.Use Permissions.Modify'),
  ...words('Pool.Allocate Pool.Audit Realm.Allocate Realm.AllocateUser'),
  ...words('SDN.Allocate SDN.Audit SDN.Use'),
  ...words('Sys.AccessNetwork Sys.Audit Sys.Console Sys.Incoming Sys.Modify Sys.PowerMgmt Sys.Syslog'),
  ...words('User.Modify VM.Allocate VM.Audit VM.Backup VM.Clone'),
  ...words('VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType'),
  ...words('VM.Config.Memory VM.Config.Network VM.Config.Options VM.Console'),
  ...words('VM.Migrate VM.PowerMgmt VM.Snapshot VM.Snapshot.Rollback'),
]

const REPOID = '14a22df35955d97d'
const MACHINES_OF_9_0 = words('9.0 8.2 8.1 8.0 7.2 7.1')
const MACHINES_OF_9_2 = words('9.2+pve1 9.2 9.1 9.0 8.2 8.1 8.0 7.2 7.1')

export const PROFILES: Readonly<Record<Release, Profile>> = {
  '9.2': {
    major: 9,
    version: { version: '9.2.11', release: '9.2', repoid: REPOID },
    privileges: [
      ...COMMON_PRIVILEGES,
      ...words('VM.GuestAgent.Audit VM.GuestAgent.FileRead VM.GuestAgent.FileSystemMgmt VM.GuestAgent.FileWrite'),
      ...words('VM.GuestAgent.Unrestricted VM.Replicate'),
    ].sort(),
    agentPrivileges: ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'],
    poolGivesTags: false,
    pressureShown: true,
    cpuDetails: true,
    machineVersions: ['11.0+pve1', '11.0', '10.2', '10.1', '10.0+pve1', '10.0', ...MACHINES_OF_9_2],
    qemuVersion: '11.0.0',
    haPlacement: 'rules',
    imageImport: true,
  },
  '8.4': {
    major: 8,
    version: { version: '8.4.21', release: '8.4', repoid: REPOID },
    privileges: [...COMMON_PRIVILEGES, 'VM.Monitor'].sort(),
    agentPrivileges: ['VM.Monitor'],
    poolGivesTags: true,
    pressureShown: false,
    cpuDetails: false,
    machineVersions: MACHINES_OF_9_2,
    qemuVersion: '9.2.0',
    haPlacement: 'groups',
    imageImport: true,
  },
  '8.2': {
    major: 8,
    version: { version: '8.2.10', release: '8.2', repoid: REPOID },
    privileges: [...COMMON_PRIVILEGES, 'VM.Monitor'].sort(),
    agentPrivileges: ['VM.Monitor'],
    poolGivesTags: true,
    pressureShown: false,
    cpuDetails: false,
    machineVersions: MACHINES_OF_9_0,
    qemuVersion: '9.0.2',
    haPlacement: 'groups',
    imageImport: false,
  },
}
