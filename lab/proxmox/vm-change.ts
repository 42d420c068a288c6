import { LOCK_WAIT_MS } from './config-locks.ts'
import { checkDrive, makeDrive } from './drives.ts'
import { CONFIGURE_MS } from './durations.ts'
import { badParameters, failed } from './failure.ts'
import { splitList } from './formats.ts'
import { writeNic } from './nic.ts'
import { declarationOf, type Parameters } from './parameter.ts'
import { readProperties } from './property-string.ts'
import { configOf, digestOf, driveFormatOf, isCdRom, isCloudInit, isDrive, type Vm } from './vm.ts'
import { VM_OPTIONS } from './vm-parameters.ts'
import { checkTagChange } from './tag-rights.ts'
import { checkDriveRights, checkOptionRights, checkTagRights, normaliseTags } from './vm-rights.ts'
import type { Identity } from './access.ts'
import type { Worker } from './tasks.ts'
import type { World } from './world.ts'

const NOT_OPTIONS = new Set(['node', 'vmid', 'delete', 'revert', 'digest', 'skiplock', 'force', 'background_delay'])
/** Options that a running guest does not notice, changed at once. */
const PLUGGED_AT_ONCE = new Set(
  'name onboot description tags protection startup shares lock migrate_downtime migrate_speed hookscript vmstatestorage hotplug boot'.split(
    ' ',
  ),
)

interface Change {
  readonly set: ReadonlyMap<string, string>
  readonly remove: readonly string[]
  readonly revert: readonly string[]
  readonly digest: string | undefined
}

/** PUT: the answer comes when the change is made. */
export async function changeVm(world: World, who: Identity, parameters: Parameters): Promise<null> {
  const { vm, change } = prepare(world, who, parameters)
  const worker: Worker = {
    pid: 0,
    signal: new AbortController().signal,
    log: () => undefined,
    busy: (ms) => world.time.pass(ms),
  }
  await world.locks.with(vm.vmid, LOCK_WAIT_MS, () => apply(world, worker, vm, change))
  return null
}

/** POST: the same as a task. */
export function changeVmInBackground(world: World, who: Identity, parameters: Parameters): string {
  const { vm, change } = prepare(world, who, parameters)
  return world.tasks.start('qmconfig', String(vm.vmid), who, (worker) =>
    world.locks.with(
      vm.vmid,
      LOCK_WAIT_MS,
      async () => {
        const said = [...change.set].map(([key, value]) => `-${key} ${value}`)
        if (change.remove.length > 0) said.push(`-delete ${change.remove.join(',')}`)
        worker.log(`update VM ${vm.vmid}: ${said.join(' ')}`)
        await worker.busy(CONFIGURE_MS)
        await apply(world, worker, vm, change)
      },
      () => worker.log('trying to acquire lock...'),
    ),
  )
}

function prepare(world: World, who: Identity, parameters: Parameters): { vm: Vm; change: Change } {
  const vmid = Number(parameters.get('vmid'))
  if (parameters.has('skiplock') && who.user !== 'root@pam')
    throw badParameters({ skiplock: 'Only root may use this option.' })
  const change: Change = {
    set: new Map([...parameters].filter(([key]) => !NOT_OPTIONS.has(key))),
    remove: splitList(parameters.get('delete') ?? ''),
    revert: splitList(parameters.get('revert') ?? ''),
    digest: parameters.get('digest'),
  }
  if (change.set.size + change.remove.length + change.revert.length === 0) throw failed('no options specified')
  const unknown = [...change.remove, ...change.revert].find((key) => !declarationOf(VM_OPTIONS, key))
  if (unknown !== undefined)
    throw badParameters({ [change.remove.includes(unknown) ? 'delete' : 'revert']: `unknown option '${unknown}'` })
  const vm = world.vms.get(vmid)
  checkDigest(vm, change)
  checkRights(world, who, vm, change)
  const lock = vm.config.get('lock')
  if (lock !== undefined && parameters.get('skiplock') !== '1') throw failed(`VM is locked (${lock})`)
  if (vm.config.get('protection') === '1') {
    const drive = change.remove.find((key) => isDrive(key))
    if (drive !== undefined) throw failed(`can't remove drive '${drive}' - protection mode enabled`)
  }
  return { vm, change }
}

function checkDigest(vm: Vm, change: Change): void {
  if (change.digest !== undefined && change.digest !== digestOf(vm))
    throw failed('checksum mismatch (file change by other user?)')
}

function checkRights(world: World, who: Identity, vm: Vm, change: Change): void {
  checkOptionRights(world, who, vm.vmid, undefined, change.set)
  const gone = [...change.remove, ...change.revert].map((key) => [key, vm.config.get(key) ?? ''] as const)
  checkOptionRights(world, who, vm.vmid, undefined, new Map(gone))
  if (change.set.has('tags') || change.remove.includes('tags')) {
    checkTagRights(world, who, vm.vmid)
    checkTagChange(world.cluster, who, vm.config.get('tags') ?? '', change.set.get('tags') ?? '')
  }
  for (const [key, value] of change.set) {
    if (!isDrive(key)) continue
    checkDriveRights(world, who, vm.vmid, readProperties(driveFormatOf(key), value) ?? new Map())
    checkDrive(world, who, key, value)
  }
  for (const key of change.remove) if (isDrive(key)) checkDriveRights(world, who, vm.vmid, driveOf(vm, key))
}

async function apply(world: World, worker: Worker, vm: Vm, change: Change): Promise<void> {
  // Again, now that nobody else can change it: somebody may have while this waited for the lock.
  checkDigest(vm, change)
  for (const key of change.revert) {
    vm.pending.delete(key)
    vm.pendingDelete.delete(key)
  }
  for (const key of change.remove) {
    vm.pending.delete(key)
    if (!vm.config.has(key)) continue
    if (waits(vm, key)) vm.pendingDelete.add(key)
    else removeOption(world, vm, key)
  }
  for (const [key, value] of change.set) {
    const stored = await storedForm(world, worker, vm, key, value)
    vm.pendingDelete.delete(key)
    vm.pending.delete(key)
    if (vm.config.get(key) === stored) continue
    if (waits(vm, key) && !isOtherCd(vm, key, stored)) vm.pending.set(key, stored)
    else vm.config.set(key, stored)
  }
}

async function storedForm(world: World, worker: Worker, vm: Vm, key: string, value: string): Promise<string> {
  if (key === 'tags') return normaliseTags(value)
  if (/^net\d+$/.test(key)) return writeNic(value)
  return isDrive(key) ? makeDrive(world, worker, vm.vmid, key, value) : value
}

/** A running guest keeps its hardware until it is off, but for what can be plugged while it runs. */
function waits(vm: Vm, key: string): boolean {
  if (!vm.running || PLUGGED_AT_ONCE.has(key)) return false
  const plug = splitList(vm.config.get('hotplug') ?? 'network,disk,usb')
  if (/^net\d+$/.test(key)) return !plug.includes('network')
  if (/^(scsi|virtio)\d+$/.test(key)) return !plug.includes('disk')
  return true
}

/** The tray of a drive that is there opens while the guest runs: another CD, or none, is in it at once. */
function isOtherCd(vm: Vm, key: string, stored: string): boolean {
  const next = isDrive(key) ? readProperties(driveFormatOf(key), stored) : undefined
  return next !== undefined && isCdRom(next) && isCdRom(driveOf(vm, key))
}

/** Everything that waited for the guest to be off. */
export function applyPending(world: World, vm: Vm): void {
  for (const key of vm.pendingDelete) removeOption(world, vm, key)
  for (const [key, value] of vm.pending) vm.config.set(key, value)
  vm.pendingDelete.clear()
  vm.pending.clear()
}

const driveOf = (vm: Vm, key: string): Map<string, string> =>
  readProperties(driveFormatOf(key), configOf(vm, 'current').get(key) ?? '') ?? new Map()

/** A disk taken out becomes `unusedN`; the cloud-init drive and an unused disk are erased. */
function removeOption(world: World, vm: Vm, key: string): void {
  const drive = driveOf(vm, key)
  const file = drive.get('file') ?? vm.config.get(key) ?? ''
  vm.config.delete(key)
  if (!isDrive(key)) return
  const boot = vm.config.get('boot')
  if (boot !== undefined) vm.config.set('boot', withoutDevice(boot, key))
  if (isCloudInit(file) || key.startsWith('unused')) {
    const volume = world.storages.remove(file)
    if (volume) world.guests.eraseDisk(volume.id)
  } else if (!isCdRom(drive) && world.storages.findVolume(file)) {
    let number = 0
    while (vm.config.has(`unused${number}`)) number += 1
    vm.config.set(`unused${number}`, file)
  }
}

function withoutDevice(boot: string, device: string): string {
  const order = /^order=(.*)$/.exec(boot)?.[1]
  if (order === undefined) return boot
  const left = order.split(';').filter((each) => each !== device)
  return left.length === 0 ? ' ' : `order=${left.join(';')}`
}
