import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { MachineFound, MachineRef, MachineSight } from '../provider.ts'
import { clusterResources, isVmidFree, type GuestRow } from './cluster.ts'
import { SYSTEM_DISK } from './shape/disks.ts'
import { saysAbsent, saysAway, saysHidden, toProblem } from './errors.ts'
import type { GuestConfigs } from './guest-configs.ts'
import type { CallFailure, ProxmoxHttp } from './http.ts'
import { vmConfig, vmStatus, type VmStatus } from './nodes/qemu.ts'
import {
  diskGiBOf,
  disksOf,
  macsOf,
  mediaOf,
  parseProperties,
  parseTags,
  toCount,
  toFlag,
  toText,
  uuidOf,
  type Row,
} from './parse.ts'

/**
 * Which guest is which machine. The SMBIOS UUID is the identity and the VMID only a place: a place is given to another
 * guest one day, and a machine may be moved to another host.
 *
 *   P7  Whoever is about to stop or delete a guest proves first that it is the machine meant (`prove`).
 */

/** Looks at the machine's place, then at the rest of the cluster. */
export async function look(
  http: ProxmoxHttp,
  configs: GuestConfigs,
  ref: MachineRef,
): Promise<Result<MachineSight, Problem>> {
  const here = await lookAt(http, ref, ref.host)
  // A host that is away says nothing about a guest that was moved from it, or recovered from its death.
  if (!here.ok && !saysAway(here.error)) return err(toProblem(here.error))
  const known = here.ok ? here.value : undefined
  if (known && known.state !== 'foreign') return ok(known)

  const free = known ? ok(false) : await isVmidFree(http, ref.vmid)
  if (!free.ok) return err(toProblem(free.error))
  const resources = await clusterResources(http)
  if (!resources.ok) return err(toProblem(resources.error))
  const { guests } = resources.value

  const there = known || free.value ? ok(known) : await lookWhereMoved(http, ref, guests)
  if (!there.ok) return err(toProblem(there.error))
  if (there.value?.state === 'unclear' && !here.ok) return err(toProblem(here.error))
  if (there.value && there.value.state !== 'foreign') return ok(there.value)
  const elsewhere = await lookEverywhere(http, configs, ref, guests)
  return elsewhere.ok ? ok(elsewhere.value ?? there.value ?? { state: 'absent' }) : elsewhere
}

/** The VMID is in use, but not at the place we know. */
async function lookWhereMoved(
  http: ProxmoxHttp,
  ref: MachineRef,
  guests: readonly GuestRow[],
): Promise<Result<MachineSight | undefined, CallFailure>> {
  const holder = guests.find((guest) => guest.vmid === ref.vmid)
  if (holder?.kind === 'lxc')
    return ok({ state: 'foreign', guest: { host: holder.host, name: holder.name, uuid: undefined, macs: [] } })
  const there = holder && holder.host !== ref.host ? await lookAt(http, ref, holder.host) : ok(undefined)
  return there.ok ? ok(there.value ?? unclear(ref)) : there
}

/** A machine that was restored from a backup under another VMID is still the machine; two of them are neither. */
async function lookEverywhere(
  http: ProxmoxHttp,
  configs: GuestConfigs,
  ref: MachineRef,
  guests: readonly GuestRow[],
): Promise<Result<MachineSight | undefined, Problem>> {
  const namesakes = await withIdentity(configs, ref, guests)
  if (namesakes.length > 1) return err(duplicate(ref, namesakes))
  for (const guest of namesakes) {
    const found = await lookAt(http, { ...ref, vmid: guest.vmid }, guest.host)
    if (!found.ok) return err(toProblem(found.error))
    if (found.value?.state === 'present') return ok(found.value)
  }
  return ok(undefined)
}

/** Guests beside the machine's own place that carry its identity, as far as they may be read. */
async function withIdentity(
  configs: GuestConfigs,
  ref: MachineRef,
  guests: readonly GuestRow[],
): Promise<readonly GuestRow[]> {
  const others = guests.filter((guest) => guest.kind === 'qemu' && guest.vmid !== ref.vmid)
  const same: GuestRow[] = []
  for (let at = 0; at < others.length; at += READ_AT_ONCE) {
    const some = others.slice(at, at + READ_AT_ONCE)
    const identities = await Promise.all(some.map((guest) => configs.identityOf(guest)))
    same.push(...some.filter((_, index) => identities[index]!.uuid === ref.machineId))
  }
  return same
}

/** A host answers three calls at a time by default, and others ask it, too. */
const READ_AT_ONCE = 4

const duplicate = (ref: MachineRef, guests: readonly { host: string; vmid: number; name: string }[]): Problem =>
  problem('not-ours', {
    machineId: ref.machineId,
    reason: 'several guests carry this identity',
    guests: guests.map(({ host, vmid, name }) => `${host}/${vmid} ${name}`),
  })

/** The guest at one place; undefined when there is none, or none that may be read. */
async function lookAt(
  http: ProxmoxHttp,
  ref: MachineRef,
  host: string,
): Promise<Result<MachineSight | undefined, CallFailure>> {
  const config = await vmConfig(http, host, ref.vmid)
  if (!config.ok) return saysAbsent(config.error) || saysHidden(config.error) ? ok(undefined) : err(config.error)
  const uuid = uuidOf(config.value)
  if (config.value['lock'] === 'create' && (uuid === undefined || uuid === ref.machineId)) return ok(unclear(ref))
  if (uuid !== ref.machineId) {
    const name = toText(config.value['name']) ?? ''
    return ok({ state: 'foreign', guest: { host, name, uuid, macs: macsOf(config.value) } })
  }

  const status = await vmStatus(http, host, ref.vmid)
  if (!status.ok) return saysAbsent(status.error) || saysHidden(status.error) ? ok(undefined) : err(status.error)
  return ok({ state: 'present', machine: toMachineFound(ref, host, config.value, status.value) })
}

/**
 * The guest that is certainly this machine: same UUID, which nobody else carries, and among its MACs the one it was made
 * with. undefined when the machine is proven absent. Problem `not-ours` when its place is held by anything else, or when
 * a backup was restored beside it.
 */
export async function prove(
  http: ProxmoxHttp,
  configs: GuestConfigs,
  ref: MachineRef,
): Promise<Result<MachineFound | undefined, Problem>> {
  const sight = await look(http, configs, ref)
  if (!sight.ok) return sight
  const place = { machineId: ref.machineId, host: ref.host, vmid: ref.vmid }
  switch (sight.value.state) {
    case 'absent':
      return ok(undefined)
    case 'unclear':
      return err(problem('still-settling', place))
    case 'foreign':
      return err(
        problem('not-ours', { ...place, name: sight.value.guest.name, uuid: sight.value.guest.uuid ?? 'none' }),
      )
    case 'present': {
      const { machine } = sight.value
      if (ref.mac !== undefined && !machine.macs.includes(ref.mac.toUpperCase()))
        return err(problem('not-ours', { ...place, name: machine.name, mac: ref.mac, macs: machine.macs }))
      const resources = await clusterResources(http)
      if (!resources.ok) return err(toProblem(resources.error))
      const twins = await withIdentity(configs, { ...ref, vmid: machine.vmid }, resources.value.guests)
      return twins.length > 0 ? err(duplicate(ref, [machine, ...twins])) : ok(machine)
    }
  }
}

/** Locks are taken off by root alone, on the host. */
const unclear = ({ vmid }: MachineRef): MachineSight => ({
  state: 'unclear',
  remedy: `qm config ${vmid}; if it is what a failed creation left: qm unlock ${vmid} && qm destroy ${vmid}`,
})

function lockOf({ vmid }: MachineRef, config: Row): MachineFound['lock'] {
  const name = toText(config['lock'])
  return name === undefined
    ? undefined
    : { name, remedy: `if no task of the host holds it any more: qm unlock ${vmid}` }
}

function toMachineFound(ref: MachineRef, host: string, config: Row, status: VmStatus): MachineFound {
  return {
    machineId: ref.machineId,
    host,
    vmid: ref.vmid,
    name: toText(config['name']) ?? '',
    ...status,
    protected: toFlag(config['protection']),
    lock: lockOf(ref, config),
    cpu: toCount(config['cores']) * Math.max(1, toCount(config['sockets'])),
    memoryMiB: toCount(parseProperties(toText(config['memory']))['current'] ?? config['memory']),
    diskGiB: diskGiBOf(toText(config[SYSTEM_DISK])),
    macs: macsOf(config),
    volumes: disksOf(config),
    media: mediaOf(config).map(({ volume }) => volume),
    tags: parseTags(toText(config['tags'])),
    digest: toText(config['digest']),
  }
}
