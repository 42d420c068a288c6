import { LOCK_WAIT_MS } from './config-locks.ts'
import { cloudInitOf } from './cloud-init.ts'
import { SHUTDOWN_TIMEOUT_MS, SILENT_AGENT_MS, START_MS, STOP_MS } from './durations.ts'
import { failed } from './failure.ts'
import { checkDevices } from './passthrough.ts'
import { applyPending } from './vm-change.ts'
import * as vms from './vm.ts'
import { traced, type World } from './world.ts'
import { hardwareOf } from './guest-hardware.ts'
import type { Identity } from './access.ts'
import type { Worker } from './tasks.ts'
import type { Vm } from './vm.ts'

/** Turning guests on and off. Almost everything that can go wrong is found out in the task, never by the call. */
export function startVm(world: World, who: Identity, vmid: number): string {
  return world.tasks.start('qmstart', String(vmid), who, (worker) =>
    traced(world, 'vm.start', String(vmid), () => locked(world, worker, vmid, (vm) => bringUp(world, worker, vm))),
  )
}

export function stopVm(world: World, who: Identity, vmid: number, overruleShutdown: boolean): string {
  if (overruleShutdown) endShutdowns(world, who, vmid)
  return world.tasks.start('qmstop', String(vmid), who, (worker) =>
    traced(world, 'vm.stop', String(vmid), async () => {
      checkThere(world, vmid)
      await locked(world, worker, vmid, async (vm) => {
        if (!vm.running) return
        await worker.busy(STOP_MS)
        await takeDown(world, vm, 'stop')
      })
    }),
  )
}

export interface Shutdown {
  readonly timeoutMs: number | undefined
  readonly forceStop: boolean
}

export function shutDownVm(world: World, who: Identity, vmid: number, how: Shutdown): string {
  return world.tasks.start('qmshutdown', String(vmid), who, (worker) =>
    traced(world, 'vm.stop', String(vmid), async () => {
      checkThere(world, vmid)
      await locked(world, worker, vmid, async (vm) => {
        if (vm.running) await pressButton(world, worker, vm, how)
      })
    }),
  )
}

/** Shutdown and start as one task; also what makes pending changes real. */
export function rebootVm(world: World, who: Identity, vmid: number, timeoutMs: number | undefined): string {
  if (!world.vms.get(vmid).running) throw failed(`VM ${vmid} not running`)
  return world.tasks.start('qmreboot', String(vmid), who, (worker) =>
    locked(world, worker, vmid, async (vm) => {
      await pressButton(world, worker, vm, { timeoutMs, forceStop: false })
      await bringUp(world, worker, vm)
    }),
  )
}

/** The reset button: the guest starts anew with the hardware that it has. */
export function resetVm(world: World, who: Identity, vmid: number): string {
  if (!world.vms.get(vmid).running) throw failed(`VM ${vmid} not running`)
  return world.tasks.start('qmreset', String(vmid), who, (worker) =>
    locked(world, worker, vmid, async (vm) => {
      await world.guests.powerOff(vms.uuidOf(vm.config), 'stop')
      world.guests.powerOn(hardwareOf(world, vm))
    }),
  )
}

/** Stands still, memory kept. */
export function pauseVm(world: World, who: Identity, vmid: number): string {
  if (!world.vms.get(vmid).running) throw failed(`VM ${vmid} not running`)
  return world.tasks.start('qmpause', String(vmid), who, (worker) =>
    locked(world, worker, vmid, (vm) => {
      vm.paused = true
      return Promise.resolve()
    }),
  )
}

export function resumeVm(world: World, who: Identity, vmid: number): string {
  const there = world.vms.find(vmid)
  if (!there || there.kind !== 'qemu')
    throw failed(`unable to find configuration file for VM ${vmid} on node '${world.node}'`)
  if (!there.running) throw failed(`VM ${vmid} not running`)
  return world.tasks.start('qmresume', String(vmid), who, (worker) =>
    locked(world, worker, vmid, (vm) => {
      vm.paused = false
      return Promise.resolve()
    }),
  )
}

/** The guest turned itself off, as after `talosctl shutdown`. */
export function guestWentOff(world: World, uuid: string): void {
  const vm = world.vms.all().find((each) => each.running && vms.uuidOf(each.config) === uuid.toLowerCase())
  if (!vm) return
  vm.running = undefined
  applyPending(world, vm)
}

/** The host is without power: guests are off, workers are gone, and nothing was tidied up. */
export async function losePower(world: World): Promise<void> {
  for (const task of world.tasks.all()) world.tasks.kill(task)
  for (const vm of world.vms.all()) if (vm.running) await takeDown(world, vm, 'stop')
}

function checkThere(world: World, vmid: number): void {
  if (!world.vms.find(vmid)) throw failed(`unable to find configuration file for VM ${vmid} on node '${world.node}'`)
}

async function locked(world: World, worker: Worker, vmid: number, work: (vm: Vm) => Promise<void>): Promise<void> {
  let waited = false
  await world.locks.with(
    vmid,
    LOCK_WAIT_MS,
    async () => {
      if (waited) worker.log(' OK')
      const vm = world.vms.get(vmid)
      const lock = vm.config.get('lock')
      if (lock !== undefined) throw failed(`VM is locked (${lock})`)
      await work(vm)
    },
    () => {
      waited = true
      worker.log('trying to acquire lock...')
    },
  )
}

export async function bringUp(world: World, worker: Worker, vm: Vm): Promise<void> {
  if (vm.running) throw failed(`VM ${vm.vmid} already running`)
  if (vm.config.get('template') === '1') throw failed("you can't start a vm if it's a template")
  applyPending(world, vm)
  checkDisksAreThere(world, vm)
  if (cloudInitOf(vm.config, vm.vmid)) worker.log('generating cloud-init ISO')
  await worker.busy(START_MS)
  checkBridges(world, worker, vm)
  checkDevices(world, vm)
  checkMemory(world, worker, vm)
  vm.paused = false
  vm.running = { pid: 2000 + vm.vmid, sinceMs: world.time.now() }
  if (!vm.foreign) world.guests.powerOn(hardwareOf(world, vm))
}

function checkDisksAreThere(world: World, vm: Vm): void {
  for (const [, drive] of vms.drivesOf(vm.config)) {
    const file = drive.get('file') ?? 'none'
    if (!vm.foreign && file !== 'none' && file !== 'cdrom' && !world.storages.findVolume(file))
      throw failed(`volume '${file}' does not exist`)
  }
}

function checkBridges(world: World, worker: Worker, vm: Vm): void {
  for (const nic of vms.nicsOf(vm.config)) {
    if (nic.bridge === undefined) continue
    const bridge = world.bridges.find(({ name }) => name === nic.bridge)
    if (!bridge) throw failed(`bridge '${nic.bridge}' does not exist`)
    if (nic.vlan === undefined || bridge.port !== undefined) continue
    const tap = `tap${vm.vmid}i${nic.index}`
    worker.log(`no physical interface on bridge '${nic.bridge}'`)
    worker.log(`kvm: -netdev type=tap,id=net${nic.index},ifname=${tap}: network script failed with status 65280`)
    throw failed('start failed: QEMU exited with code 1')
  }
}

function checkMemory(world: World, worker: Worker, vm: Vm): void {
  const inUse = world.vms.all().reduce((sum, each) => sum + (each.running ? vms.memoryMiBOf(each.config) : 0), 0)
  if (inUse + vms.memoryMiBOf(vm.config) <= world.options.memoryMiB) return
  worker.log("kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory")
  throw failed('start failed: QEMU exited with code 1')
}

async function pressButton(world: World, worker: Worker, vm: Vm, how: Shutdown): Promise<void> {
  if (vms.agentEnabled(vm.config)) {
    await worker.busy(SILENT_AGENT_MS).catch((cause: unknown) => {
      worker.log('QEMU Guest Agent is not running - received interrupt')
      throw cause
    })
    worker.log(`QEMU Guest Agent is not running - VM ${vm.vmid} qga command 'guest-ping' failed - got timeout`)
  }
  const patience = new AbortController()
  const stopped = takeDown(world, vm, 'shutdown').then(() => 'off' as const)
  const late = world.time
    .pass(how.timeoutMs ?? SHUTDOWN_TIMEOUT_MS, AbortSignal.any([patience.signal, worker.signal]))
    .then(() => 'late' as const)
  const outcome = await Promise.race([stopped, late])
  patience.abort()
  if (outcome === 'off') return
  if (worker.signal.aborted) throw failed('received interrupt')
  if (!how.forceStop) throw failed('VM quit/powerdown failed - got timeout')
  worker.log('VM still running - terminating now with SIGTERM')
  await takeDown(world, vm, 'stop')
}

export async function takeDown(world: World, vm: Vm, how: 'stop' | 'shutdown'): Promise<void> {
  const running = vm.running
  if (!vm.foreign) await world.guests.powerOff(vms.uuidOf(vm.config), how)
  // The guest may have been stopped and started again by somebody while it was still shutting down.
  if (vm.running !== running) return
  vm.running = undefined
  applyPending(world, vm)
}

function endShutdowns(world: World, who: Identity, vmid: number): void {
  for (const task of world.tasks.all()) {
    const same = task.type === 'qmshutdown' && task.id === String(vmid) && task.exit === undefined
    if (same && (task.who.user === who.user || who.user === 'root@pam')) world.tasks.kill(task)
  }
}
