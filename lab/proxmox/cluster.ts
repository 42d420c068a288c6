import { AccessControl } from './access.ts'
import { HighAvailability } from './high-availability.ts'
import type { Authority } from './certificates.ts'
import type { LabTime } from '#lab/time.ts'
import type { Ticket } from './login.ts'
import type { Profile } from './profile.ts'
import type { Vm } from './vm.ts'
import type { World } from './world.ts'

/** A device class that guests may be given by name, on the hosts that have it. */
export interface PciMapping {
  readonly id: string
  readonly description: string | undefined
  /** One line a host, as in `node=pve1,path=0000:01:00.0,id=1000:0097`. */
  readonly map: readonly string[]
}

/**
 * What several hosts share, or one host has for itself alone: users and rights, datacenter options, the quorum. Every
 * host has its own disks, guests and tasks; a guest's id is unique in the whole cluster.
 */
export class Cluster {
  /** Undefined for a stand-alone host. */
  readonly name: string | undefined
  readonly profile: Profile
  readonly access: AccessControl
  readonly authority: Authority
  readonly worlds: World[] = []
  /** Datacenter options as they were set. */
  readonly options = new Map<string, string>()
  readonly mappings = new Map<string, PciMapping>()
  /** Logins of people; good on every host. */
  readonly tickets = new Map<string, Ticket>()
  readonly time: LabTime
  readonly ha = new HighAvailability(this)
  #quorumLost = false

  constructor(
    name: string | undefined,
    profile: Profile,
    authority: Authority,
    rootPassword: string | undefined,
    time: LabTime,
  ) {
    this.time = time
    this.name = name
    this.profile = profile
    this.authority = authority
    this.access = new AccessControl(rootPassword, profile.privileges)
  }

  findWorld(node: string): World | undefined {
    return this.worlds.find((world) => world.node === node)
  }

  /** More than half of the hosts see each other. */
  isQuorate(): boolean {
    return !this.#quorumLost && this.worlds.filter(({ line }) => line.online).length * 2 > this.worlds.length
  }

  loseQuorum(lost: boolean): void {
    this.#quorumLost = lost
  }

  findGuest(vmid: number): { readonly world: World; readonly vm: Vm } | undefined {
    for (const world of this.worlds) {
      const vm = world.vms.find(vmid)
      if (vm) return { world, vm }
    }
    return undefined
  }

  guests(): { readonly world: World; readonly vm: Vm }[] {
    return this.worlds.flatMap((world) => world.vms.all().map((vm) => ({ world, vm })))
  }
}
