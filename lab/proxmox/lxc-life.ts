import { CREATE_LOCK_WAIT_MS, LOCK_WAIT_MS } from './config-locks.ts'
import { CONTAINER_CREATE_MS, CONTAINER_START_MS, DELETE_MS, STOP_MS } from './durations.ts'
import { badParameters, exitTextOf, failed, forbidden } from './failure.ts'
import { randomMac } from './nic.ts'
import { readProperties, writeProperties } from './property-string.ts'
import { formatSize } from './sizes.ts'
import { newDisk } from './storages.ts'
import { rootFsFormat, containerNicFormat } from './lxc-parameters.ts'
import { newVm, type Vm } from './vm.ts'
import { normaliseTags } from './vm-rights.ts'
import { epochSeconds, traced, type World } from './world.ts'
import type { Identity } from './access.ts'
import type { Parameters } from './parameter.ts'
import type { Worker } from './tasks.ts'

/** Containers as far as one is made, started, looked at and deleted; nothing runs in them. */
const NOT_STORED = new Set(
  'node vmid ostemplate password pool ssh-public-keys start storage restore force unique bwlimit ignore-unpack-errors ha-managed'.split(
    ' ',
  ),
)
const DEFAULT_DISK_GIB = 4
const GIB = 1024 ** 3

export function getContainer(world: World, vmid: number): Vm {
  const found = world.vms.find(vmid)
  if (!found || found.kind !== 'lxc')
    throw failed(`Configuration file 'nodes/${world.node}/lxc/${vmid}.conf' does not exist`)
  return found
}

export async function createContainer(world: World, who: Identity, parameters: Parameters): Promise<string> {
  const vmid = Number(parameters.get('vmid'))
  const pool = parameters.get('pool')
  const { access } = world
  const mayMake =
    access.may(who, `/vms/${vmid}`, 'VM.Allocate') ||
    (pool !== undefined && access.may(who, `/pool/${pool}`, 'VM.Allocate'))
  if (!mayMake) throw forbidden()
  checkRights(world, who, vmid, parameters, pool)
  if (parameters.has('restore')) throw badParameters({ restore: 'restoring is not simulated by this host' })
  await world.locks.with(vmid, CREATE_LOCK_WAIT_MS, () => {
    const there = world.cluster.findGuest(vmid)
    if (there)
      throw failed(`${there.vm.kind === 'lxc' ? 'CT' : 'VM'} ${vmid} already exists on node '${there.world.node}'`)
    world.vms.add({ ...newVm(vmid, [['lock', 'create']]), kind: 'lxc' })
  })
  return world.tasks.start('vzcreate', String(vmid), who, (worker) =>
    traced(world, 'container.create', String(vmid), () =>
      world.locks.with(vmid, LOCK_WAIT_MS, () => make(world, worker, parameters)),
    ),
  )
}

/** Every feature but nesting of an unprivileged container is root's. */
function checkRights(world: World, who: Identity, vmid: number, parameters: Parameters, pool?: string): void {
  const isRoot = who.user === 'root@pam' && who.token === undefined
  const features = parameters.get('features')
  if (features !== undefined && !isRoot && features !== 'nesting=1')
    throw forbidden('changing feature flags (except nesting) is only allowed for root@pam')
  if (!isRoot && parameters.has('hookscript')) throw failed(`only root can set 'hookscript' config`)
  if (!isRoot && [...parameters.keys()].some((key) => /^dev\d+$/.test(key)))
    throw failed('configuring device passthrough is only allowed for root@pam')
  if (parameters.get('unprivileged') === '0' && !isRoot) world.access.check(who, '/', 'Sys.Modify')
  for (const [key, value] of parameters) {
    const bridge = /^net\d+$/.test(key) ? /(?:^|,)bridge=([^,]+)/.exec(value)?.[1] : undefined
    if (bridge !== undefined) world.access.check(who, `/sdn/zones/localnetwork/${bridge}`, 'SDN.Use')
  }
  const needed: readonly (readonly [RegExp, string])[] = [
    [/^(cores|cpulimit|cpuunits)$/, 'VM.Config.CPU'],
    [/^(memory|swap)$/, 'VM.Config.Memory'],
    [/^(net\d+|nameserver|searchdomain|hostname)$/, 'VM.Config.Network'],
    [/^(rootfs|mp\d+)$/, 'VM.Config.Disk'],
    [/^(onboot|description|protection|tags|tty|console|cmode|ostype|env|entrypoint)$/, 'VM.Config.Options'],
  ]
  for (const key of parameters.keys())
    for (const [pattern, privilege] of needed) if (pattern.test(key)) world.access.checkVm(who, vmid, pool, [privilege])
}

async function make(world: World, worker: Worker, parameters: Parameters): Promise<void> {
  const vmid = Number(parameters.get('vmid'))
  const container = getContainer(world, vmid)
  try {
    const config = new Map([...parameters].filter(([key]) => !NOT_STORED.has(key)))
    config.set('rootfs', makeRoot(world, worker, vmid, parameters))
    const template = parameters.get('ostemplate') ?? ''
    if (!template.includes(':')) throw failed(`can't find file '${template}'`)
    if (!world.storages.findVolume(template)) throw failed(`volume '${template}' does not exist`)
    worker.log(`extracting archive '${world.storages.findVolume(template)?.path ?? ''}'`)
    await worker.busy(CONTAINER_CREATE_MS)
    fillIn(config, template, world.cluster.profile.major)
    container.config.clear()
    for (const [key, value] of config) container.config.set(key, value)
    const pool = parameters.get('pool')
    if (pool !== undefined) world.access.pools.get(pool)?.vms.add(vmid)
  } catch (cause) {
    for (const volume of world.storages.volumesOf(vmid)) world.storages.remove(volume.volid)
    world.vms.remove(vmid)
    throw failed(`unable to create CT ${vmid} - ${exitTextOf(cause)}`)
  }
  if (parameters.get('start') === '1') await bringUp(world, worker, container)
}

function makeRoot(world: World, worker: Worker, vmid: number, parameters: Parameters): string {
  const wanted = parameters.get('rootfs') ?? `${parameters.get('storage') ?? 'local'}:${DEFAULT_DISK_GIB}`
  const properties = readProperties(rootFsFormat, wanted) ?? new Map<string, string>()
  const [name = '', gib = ''] = (properties.get('volume') ?? '').split(':')
  const storage = world.storages.get(name)
  if (!storage.content.includes('rootdir')) throw failed(`storage '${name}' does not support container directories`)
  const bytes = Number(gib) * GIB
  const volume = newDisk(storage, vmid, {
    suffix: 'disk',
    format: 'raw',
    sizeBytes: bytes,
    usedBytes: 0,
    image: undefined,
    at: epochSeconds(world),
  })
  worker.log(`Formatting '${volume.path}', fmt=raw size=${bytes} preallocation=off`)
  const rest = new Map([...properties].filter(([key]) => key !== 'volume')).set('size', formatSize(bytes))
  return writeProperties(volume.volid, rest)
}

function fillIn(config: Map<string, string>, template: string, major: number): void {
  if (!config.has('arch')) config.set('arch', 'amd64')
  if (!config.has('ostype')) config.set('ostype', /\/(alpine|debian|ubuntu|fedora)/.exec(template)?.[1] ?? 'unmanaged')
  if (!config.has('memory')) config.set('memory', '512')
  if (!config.has('swap')) config.set('swap', '512')
  if (!config.has('unprivileged') && major >= 9) config.set('unprivileged', '1')
  if (config.get('unprivileged') === '0') config.delete('unprivileged')
  const tags = config.get('tags')
  if (tags !== undefined) config.set('tags', normaliseTags(tags))
  for (const [key, value] of config) if (/^net\d+$/.test(key)) config.set(key, writeContainerNic(value))
}

/** The name first, the other keys in alphabetical order, with an address of the host's own prefix. */
export function writeContainerNic(text: string): string {
  const nic = readProperties(containerNicFormat, text) ?? new Map<string, string>()
  if (!nic.has('hwaddr')) nic.set('hwaddr', randomMac())
  nic.set('type', 'veth')
  const rest = new Map([...nic].filter(([key]) => key !== 'name'))
  return writeProperties(`name=${nic.get('name') ?? 'eth0'}`, rest)
}

export function startContainer(world: World, who: Identity, vmid: number): string {
  if (world.vms.find(vmid)?.running) throw failed(`CT ${vmid} already running`)
  return world.tasks.start('vzstart', String(vmid), who, (worker) =>
    world.locks.with(vmid, LOCK_WAIT_MS, () => bringUp(world, worker, getContainer(world, vmid))),
  )
}

async function bringUp(world: World, worker: Worker, container: Vm): Promise<void> {
  const lock = container.config.get('lock')
  if (lock !== undefined) throw failed(`CT is locked (${lock})`)
  for (const [key, value] of container.config) {
    const bridge = /^net\d+$/.test(key) ? /(?:^|,)bridge=([^,]+)/.exec(value)?.[1] : undefined
    if (bridge !== undefined && !world.bridges.some(({ name }) => name === bridge))
      throw failed(`bridge '${bridge}' does not exist`)
  }
  await worker.busy(CONTAINER_START_MS)
  container.running = { pid: 5000 + container.vmid, sinceMs: world.time.now() }
}

/** Stop and shutdown come to the same here: nothing in a container could refuse. */
export function stopContainer(world: World, who: Identity, vmid: number, type: 'vzstop' | 'vzshutdown'): string {
  if (!world.vms.find(vmid)?.running) throw failed(`CT ${vmid} not running`)
  return world.tasks.start(type, String(vmid), who, (worker) =>
    world.locks.with(vmid, LOCK_WAIT_MS, async () => {
      await worker.busy(STOP_MS)
      getContainer(world, vmid).running = undefined
    }),
  )
}

export function deleteContainer(world: World, who: Identity, vmid: number, force: boolean): string {
  const container = getContainer(world, vmid)
  if (container.config.get('protection') === '1') throw failed(`can't remove CT ${vmid} - protection mode enabled`)
  if (container.running && !force) throw failed(`unable to destroy CT ${vmid} - container is running`)
  return world.tasks.start('vzdestroy', String(vmid), who, (worker) =>
    world.locks.with(vmid, LOCK_WAIT_MS, async () => {
      await worker.busy(DELETE_MS)
      for (const volume of world.storages.volumesOf(vmid)) world.storages.remove(volume.volid)
      for (const pool of world.access.pools.values()) pool.vms.delete(vmid)
      world.cluster.ha.resources.delete(`ct:${vmid}`)
      world.vms.remove(vmid)
    }),
  )
}

export async function changeContainer(world: World, who: Identity, parameters: Parameters): Promise<null> {
  const vmid = Number(parameters.get('vmid'))
  const container = getContainer(world, vmid)
  const set = new Map([...parameters].filter(([key]) => !['node', 'vmid', 'delete', 'revert', 'digest'].includes(key)))
  const remove = (parameters.get('delete') ?? '').split(',').filter((key) => key !== '')
  if (set.size + remove.length === 0) throw failed('no options specified')
  checkRights(world, who, vmid, set)
  await world.locks.with(vmid, LOCK_WAIT_MS, () => {
    for (const key of remove) container.config.delete(key)
    for (const [key, value] of set) {
      if (/^net\d+$/.test(key)) container.config.set(key, writeContainerNic(value))
      else container.config.set(key, key === 'tags' ? normaliseTags(value) : value)
    }
  })
  return null
}
