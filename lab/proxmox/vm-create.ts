import { randomUUID } from 'node:crypto'
import { CREATE_LOCK_WAIT_MS, LOCK_WAIT_MS } from './config-locks.ts'
import { checkDrive, makeDrive } from './drives.ts'
import { CREATE_MS } from './durations.ts'
import { badParameters, exitTextOf, failed, Failure } from './failure.ts'
import { writeNic } from './nic.ts'
import { wasKilled, type Worker } from './tasks.ts'
import { drivesOf, isCdRom, isCloudInit, isDrive, newVm } from './vm.ts'
import { checkMayCreate, checkOptionRights, checkTagRights, normaliseTags } from './vm-rights.ts'
import { newResource } from './high-availability.ts'
import { checkTagChange } from './tag-rights.ts'
import { startVm } from './vm-power.ts'
import { epochSeconds, traced, type World } from './world.ts'
import type { Identity } from './access.ts'
import type { Parameters } from './parameter.ts'

/** Parameters of the create call that do not end up in the configuration. */
const NOT_STORED = new Set(['node', 'vmid', 'pool', 'start', 'storage', 'ha-managed', 'tags'])
const UNSUPPORTED = ['archive', 'live-restore', 'unique', 'import-working-storage', 'bwlimit', 'force']

/**
 * Makes a guest. Refusals that need no work are answered at once; the rest is found out by the task, which takes back
 * everything it did when it fails. The id is taken, with `lock: create`, from the answer on; rights by the pool arrive
 * only at the very end.
 */
export async function createVm(world: World, who: Identity, parameters: Parameters): Promise<string> {
  const vmid = Number(parameters.get('vmid'))
  const pool = parameters.get('pool')
  const options = new Map([...parameters].filter(([key]) => !NOT_STORED.has(key)))
  refuseUnsupported(parameters)
  checkMayCreate(world, who, vmid, pool)
  for (const [key, value] of options) if (isDrive(key)) checkDrive(world, who, key, value)
  checkOptionRights(world, who, vmid, pool, options)
  const managed = parameters.get('ha-managed') === '1'
  if (managed) world.access.check(who, '/', 'Sys.Console')
  await takeId(world, vmid)
  return world.tasks.start('qmcreate', String(vmid), who, (worker) =>
    traced(world, 'vm.create', String(vmid), async () => {
      await world.locks.with(vmid, LOCK_WAIT_MS, () => make(world, worker, who, vmid, parameters, options))
      if (managed)
        world.cluster.ha.add(newResource('vm', vmid, parameters.get('start') === '1' ? 'started' : 'stopped'))
      else if (parameters.get('start') === '1') startVm(world, who, vmid)
    }),
  )
}

/** What the lab cannot imitate is refused, so that nobody builds on an answer that means nothing. */
function refuseUnsupported(parameters: Parameters): void {
  const found = UNSUPPORTED.find((key) => parameters.has(key))
  if (found !== undefined) throw badParameters({ [found]: 'restoring from an archive is not simulated by this host' })
}

async function takeId(world: World, vmid: number): Promise<void> {
  try {
    await world.locks.with(vmid, CREATE_LOCK_WAIT_MS, () => {
      const there = world.cluster.findGuest(vmid)
      if (there) {
        const kind = there.vm.kind === 'lxc' ? 'CT' : 'VM'
        throw failed(`${kind} ${vmid} already exists on node '${there.world.node}'`)
      }
      world.vms.add(newVm(vmid, [['lock', 'create']]))
    })
  } catch (cause) {
    if (cause instanceof Failure) throw failed(`unable to create VM ${vmid} - ${cause.message}`)
    throw cause
  }
}

async function make(
  world: World,
  worker: Worker,
  who: Identity,
  vmid: number,
  parameters: Parameters,
  options: ReadonlyMap<string, string>,
): Promise<void> {
  const vm = world.vms.get(vmid)
  const made: string[] = []
  try {
    await worker.busy(CREATE_MS)
    const config = await build(world, worker, vmid, options, made)
    const pool = parameters.get('pool')
    const tags = parameters.get('tags')
    if (tags !== undefined) {
      checkTagRights(world, who, vmid, world.cluster.profile.poolGivesTags ? pool : undefined)
      checkTagChange(world.cluster, who, '', tags)
      // Older releases keep them as they were written.
      config.set('tags', world.cluster.profile.major < 9 ? tags : normaliseTags(tags))
    }
    vm.config.clear()
    for (const [key, value] of config) vm.config.set(key, value)
    if (pool !== undefined) world.access.pools.get(pool)?.vms.add(vmid)
  } catch (cause) {
    if (wasKilled(worker.signal)) throw cause
    for (const volid of made) world.storages.remove(volid)
    world.vms.remove(vmid)
    throw failed(`unable to create VM ${vmid} - ${exitTextOf(cause)}`)
  }
}

async function build(
  world: World,
  worker: Worker,
  vmid: number,
  options: ReadonlyMap<string, string>,
  made: string[],
): Promise<Map<string, string>> {
  const config = new Map([...options].filter(([key]) => !isDrive(key)))
  checkOneCloudInit(options)
  for (const [key] of drivesOf(options)) {
    const before = new Set(world.storages.volumesOf(vmid).map((volume) => volume.volid))
    try {
      config.set(key, await makeDrive(world, worker, vmid, key, options.get(key) ?? ''))
    } finally {
      for (const volume of world.storages.volumesOf(vmid)) if (!before.has(volume.volid)) made.push(volume.volid)
    }
  }
  for (const [key, value] of config) if (/^net\d+$/.test(key)) config.set(key, writeNic(value))
  fillIn(world, config)
  return config
}

function checkOneCloudInit(options: ReadonlyMap<string, string>): void {
  const [first, second] = drivesOf(options).filter(([, drive]) => isCloudInit(drive.get('file') ?? ''))
  if (first && second) throw failed(`${first[0]} - cloud-init drive is already attached at '${second[0]}'`)
}

/** What the host adds when the caller left it out. */
function fillIn(world: World, config: Map<string, string>): void {
  const generation = config.get('vmgenid')
  if (generation === '0') config.delete('vmgenid')
  else if (generation === undefined || generation === '1') config.set('vmgenid', randomUUID())
  if (!/(^|,)uuid=/.test(config.get('smbios1') ?? ''))
    config.set('smbios1', ['uuid=' + randomUUID(), config.get('smbios1')].filter(Boolean).join(','))
  config.set('meta', `creation-qemu=${world.cluster.profile.qemuVersion},ctime=${epochSeconds(world)}`)
  if (!config.has('boot')) config.set('boot', defaultBoot(config))
}

function defaultBoot(config: ReadonlyMap<string, string>): string {
  const drives = drivesOf(config).filter(([key]) => /^(ide|sata|scsi|virtio)/.test(key))
  const disk = drives.find(([, drive]) => !isCdRom(drive))?.[0]
  const cdRom = drives.find(([, drive]) => isCdRom(drive))?.[0]
  const nic = [...config.keys()].filter((key) => /^net\d+$/.test(key)).sort()[0]
  const devices = [disk, cdRom, nic].filter((device) => device !== undefined)
  return devices.length === 0 ? ' ' : `order=${devices.join(';')}`
}
