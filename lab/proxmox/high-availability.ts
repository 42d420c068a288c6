import { failed } from './failure.ts'
import { moveGuest } from './vm-migrate.ts'
import { shutDownVm, startVm, takeDown } from './vm-power.ts'
import type { Cluster } from './cluster.ts'
import type { Identity } from './access.ts'
import type { World } from './world.ts'

/** A guest that the cluster keeps in the state that was asked for, wherever there is a host for it. */
export interface HaResource {
  readonly sid: string
  readonly type: 'vm' | 'ct'
  readonly vmid: number
  state: 'started' | 'stopped' | 'disabled' | 'ignored'
  comment: string | undefined
  group: string | undefined
  maxRestart: number
  maxRelocate: number
}

export const newResource = (type: 'vm' | 'ct', vmid: number, state: HaResource['state']): HaResource => ({
  sid: `${type}:${vmid}`,
  type,
  vmid,
  state,
  comment: undefined,
  group: undefined,
  maxRestart: 1,
  maxRelocate: 1,
})

/** The manager looks around this often, in lab milliseconds. */
export const HA_ROUND_MS = 10_000
/** No faster than this in real time, however fast the lab runs. */
const MIN_REAL_MS = 20
/** A host that is silent for so many rounds is fenced: its guests are dead and may be started elsewhere. */
const ROUNDS_TO_FENCE = 12
const ROOT: Identity = { user: 'root@pam', token: undefined }

/**
 * The high-availability manager. Its calls only write down what is wanted: their tasks end OK when the wish is noted,
 * and the guest follows at the manager's next round.
 */
export class HighAvailability {
  readonly resources = new Map<string, HaResource>()
  /** Rules of 9 and groups of 8 by name, as they were written. */
  readonly placement = new Map<string, ReadonlyMap<string, string>>()
  readonly #cluster: Cluster
  readonly #silentRounds = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  find(vmid: number): HaResource | undefined {
    return this.resources.get(`vm:${vmid}`) ?? this.resources.get(`ct:${vmid}`)
  }

  manages(vmid: number): boolean {
    return this.find(vmid) !== undefined
  }

  add(resource: HaResource): void {
    this.resources.set(resource.sid, resource)
    this.#timer ??= setInterval(
      () => void this.round(),
      Math.max(MIN_REAL_MS, HA_ROUND_MS / this.#cluster.time.rate),
    ).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** The task of a start or stop of a managed guest. */
  request(world: World, who: Identity, vmid: number, state: 'started' | 'stopped'): string {
    const verb = state === 'started' ? 'start' : 'stop'
    return world.tasks.start(`ha${verb}`, String(vmid), who, (worker) => {
      worker.log(`Requesting HA ${verb} for VM ${vmid}`)
      const resource = this.find(vmid)
      if (resource) resource.state = state
      return Promise.resolve()
    })
  }

  requestMove(world: World, who: Identity, vmid: number, target: string): string {
    return world.tasks.start('hamigrate', String(vmid), who, async (worker) => {
      worker.log(`Requesting HA migration for VM ${vmid} to node ${target}`)
      const to = this.#cluster.findWorld(target)
      const vm = world.vms.find(vmid)
      if (!to?.line.online || !vm) throw failed(`unable to migrate to node '${target}'`)
      void world.time.pass(HA_ROUND_MS).then(() => {
        if (world.vms.find(vmid) === vm) moveGuest(world, to, vm)
      })
      await Promise.resolve()
    })
  }

  /** Looks at every host and every guest once and does what is missing. */
  async round(): Promise<void> {
    if (!this.#cluster.isQuorate()) return
    for (const world of this.#cluster.worlds)
      this.#silentRounds.set(world.node, world.line.online ? 0 : (this.#silentRounds.get(world.node) ?? 0) + 1)
    for (const resource of this.resources.values()) await this.#tend(resource)
  }

  async #tend(resource: HaResource): Promise<void> {
    const found = this.#cluster.findGuest(resource.vmid)
    if (!found || found.vm.kind !== 'qemu' || resource.state === 'ignored') return
    const { world, vm } = found
    if (!world.line.online) {
      if ((this.#silentRounds.get(world.node) ?? 0) < ROUNDS_TO_FENCE) return
      const to = this.#cluster.worlds.find(({ line }) => line.online)
      if (!to) return
      if (vm.running) await takeDown(world, vm, 'stop')
      moveGuest(world, to, vm, undefined, 'shared-only')
      if (resource.state === 'started') startVm(to, ROOT, vm.vmid)
      return
    }
    if (world.locks.isHeld(vm.vmid) || vm.config.has('lock')) return
    if (resource.state === 'started' && !vm.running) startVm(world, ROOT, vm.vmid)
    if (resource.state !== 'started' && vm.running)
      shutDownVm(world, ROOT, vm.vmid, { timeoutMs: undefined, forceStop: true })
  }
}
