/**
 * What the agent must be allowed to do, and where: one table, from which the rights script is written and against which
 * the doctor compares what the token has. A privilege that nothing needs does not stand here.
 *
 * A role on a deeper path replaces what propagates from above, so each role is complete for its own path.
 *
 * Source: facts proxmox-behaviour.md "Minimum roles" (each left out once on 9.2.11), proxmox.md §1.2; by release §6.
 */
export type Place = 'pool' | 'guests' | 'host' | 'disk-storage' | 'image-storage' | 'bridge' | 'mapping' | 'cluster'

/** What only some sites want; the name is what `lanline-agent rights --with` takes. */
export const EXTRAS = {
  'guest-agent': 'ask the guest agent for the addresses of machines (DHCP)',
  cdrom: 'take the CDs out of machines that were installed or told their address by one, so that they can move',
  cleanup: 'delete Talos images and ISOs that nothing uses any more; also lets it delete anything else on that storage',
  orphans: 'see and delete disks of machines that are gone; also lets it delete every other disk of that storage',
  quorum: 'see whether the Proxmox cluster has quorum, its tag rules and its firewall',
  ha: 'take a machine out of HA before it is removed; the right also opens the consoles of the hosts',
} as const
export type Extra = keyof typeof EXTRAS

/** A release as in [8, 4]. */
export type Release = readonly [major: number, minor: number]

export interface Need {
  readonly place: Place
  readonly privilege: string
  readonly why: string
  /** First release that has or needs it; every supported one when absent. */
  readonly from?: Release
  /** First release that no longer has or needs it. */
  readonly before?: Release
  readonly extra?: Extra
}

/** The role that is given on each kind of path. */
export const ROLES: Readonly<Record<Place, string>> = {
  pool: 'LanlineVM',
  guests: 'LanlineVMAudit',
  host: 'LanlineNode',
  'disk-storage': 'LanlineDisk',
  'image-storage': 'LanlineImage',
  bridge: 'LanlineNet',
  mapping: 'LanlineMapping',
  cluster: 'LanlineCluster',
}

const NEEDS: readonly Need[] = [
  { place: 'pool', privilege: 'VM.Allocate', why: 'create and delete machines' },
  { place: 'pool', privilege: 'VM.Config.CPU', why: 'set CPU type and cores' },
  { place: 'pool', privilege: 'VM.Config.Disk', why: 'boot order, size, and listing the volumes of machines' },
  { place: 'pool', privilege: 'VM.Config.HWType', why: 'machine type, SCSI controller, SMBIOS identity, console' },
  { place: 'pool', privilege: 'VM.Config.Memory', why: 'set memory' },
  { place: 'pool', privilege: 'VM.Config.Network', why: 'network cards and their static addresses' },
  { place: 'pool', privilege: 'VM.Config.Options', why: 'name, firmware, description, tags' },
  { place: 'pool', privilege: 'VM.PowerMgmt', why: 'start and stop machines' },
  // Putting a CD in while a machine is made needs no right of its own; taking it out does.
  { place: 'pool', privilege: 'VM.Config.CDROM', why: EXTRAS.cdrom, extra: 'cdrom' },
  { place: 'pool', privilege: 'VM.GuestAgent.Audit', why: EXTRAS['guest-agent'], from: [9, 0], extra: 'guest-agent' },
  { place: 'pool', privilege: 'VM.Monitor', why: EXTRAS['guest-agent'], before: [9, 0], extra: 'guest-agent' },
  // Pool rights reach a guest only while it is a member: without this, being made, gone and foreign look the same.
  { place: 'guests', privilege: 'VM.Audit', why: 'see sizes and identities of all guests, foreign ones included' },
  { place: 'host', privilege: 'Sys.Audit', why: 'see CPU, memory, network and tasks of the host' },
  { place: 'host', privilege: 'Sys.AccessNetwork', why: 'let the host fetch Talos images', from: [8, 2] },
  { place: 'disk-storage', privilege: 'Datastore.AllocateSpace', why: 'make and grow disks' },
  { place: 'disk-storage', privilege: 'Datastore.Audit', why: 'see free space and volumes left behind' },
  // A disk without a guest is listed only to those who may allocate on its storage.
  { place: 'disk-storage', privilege: 'Datastore.Allocate', why: EXTRAS.orphans, extra: 'orphans' },
  { place: 'image-storage', privilege: 'Datastore.AllocateTemplate', why: 'bring Talos images' },
  { place: 'image-storage', privilege: 'Datastore.Audit', why: 'find images and import from them' },
  { place: 'image-storage', privilege: 'Datastore.Allocate', why: EXTRAS.cleanup, extra: 'cleanup' },
  { place: 'bridge', privilege: 'SDN.Use', why: 'plug machines into the bridge, with any VLAN' },
  { place: 'mapping', privilege: 'Mapping.Use', why: 'pass the mapped device through' },
  { place: 'cluster', privilege: 'Sys.Audit', why: EXTRAS.quorum, from: [8, 2], extra: 'quorum' },
  { place: 'cluster', privilege: 'Sys.Console', why: EXTRAS.ha, extra: 'ha' },
  { place: 'cluster', privilege: 'Sys.Audit', why: 'let hosts fetch Talos images', before: [8, 2] },
  { place: 'cluster', privilege: 'Sys.Modify', why: 'let hosts fetch Talos images', before: [8, 2] },
]

/** What a release has to grant, in the order of the table. Naming a privilege that a release lacks is an error there. */
export function needsOf(release: Release, extras: readonly Extra[] = []): readonly Need[] {
  return NEEDS.filter(
    ({ from, before, extra }) =>
      (from === undefined || !isBefore(release, from)) &&
      (before === undefined || isBefore(release, before)) &&
      (extra === undefined || extras.includes(extra)),
  )
}

export const isBefore = (release: Release, other: Release): boolean =>
  release[0] < other[0] || (release[0] === other[0] && release[1] < other[1])

/** Names of what is there to have rights on. */
export interface Targets {
  readonly pool: string
  /** None: every host, those that come later included. */
  readonly hosts: readonly string[]
  readonly diskStorages: readonly string[]
  readonly imageStorages: readonly string[]
  /** `vmbr0`, or `zone/vnet` for a network of the SDN. */
  readonly bridges: readonly string[]
  readonly mappings: readonly string[]
}

/** ACL paths of a kind of place. */
export function pathsOf(place: Place, targets: Targets): readonly string[] {
  switch (place) {
    case 'pool':
      return [`/pool/${targets.pool}`]
    case 'guests':
      return ['/vms']
    case 'host':
      return targets.hosts.length === 0 ? ['/nodes'] : targets.hosts.map((host) => `/nodes/${host}`)
    case 'disk-storage':
      return targets.diskStorages.map((storage) => `/storage/${storage}`)
    case 'image-storage':
      return targets.imageStorages.map((storage) => `/storage/${storage}`)
    case 'bridge':
      return targets.bridges.map((name) => `/sdn/zones/${name.includes('/') ? name : `localnetwork/${name}`}`)
    case 'mapping':
      return targets.mappings.map((id) => `/mapping/pci/${id}`)
    case 'cluster':
      return ['/']
  }
}
