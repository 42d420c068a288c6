import type { Clock } from '#core/base/clock.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import type { BridgeSeen, GuestSeen, HostSeen, StorageSeen } from '#core/model/seen.ts'
import type { SiteInventory } from '../provider.ts'
import { clusterResources, type GuestRow, type StorageRow } from './cluster.ts'
import { toProblem } from './errors.ts'
import type { GuestConfigs } from './guest-configs.ts'
import type { ProxmoxHttp } from './http.ts'
import { livePower } from './nodes/qemu.ts'
import { hostBridges, hostStatus } from './nodes/status.ts'

/**
 * The hosts, storages, bridges and guests of a Proxmox cluster. One bulk call tells what there is; what a host is made
 * of is read at most every `HOST_FACTS_MS`, identities of guests when they are new, and only power is asked every time.
 */
export type Observe = () => Promise<Result<SiteInventory, Problem>>

/** Threads, memory and bridges change when somebody works on the host. */
const HOST_FACTS_MS = 30_000
/** Free space is told in steps, because it changes all the time and nothing plans by its last bytes. */
const FREE_STEPS = 20
const GIB = 1024 ** 3

interface HostFacts {
  readonly at: number
  readonly host: HostSeen
  readonly bridges: readonly BridgeSeen[]
}

export function createObserve(http: ProxmoxHttp, configs: GuestConfigs, clock: Clock): Observe {
  const remembered = new Map<string, HostFacts>()

  async function factsOf(name: string, online: boolean): Promise<HostFacts> {
    const known = remembered.get(name)
    const host: HostSeen = { ...(known?.host ?? { name, threads: 0, memoryMiB: 0, version: '' }), online }
    if (!online) return { at: 0, host, bridges: known?.bridges ?? [] }
    if (known && clock.now() - known.at < HOST_FACTS_MS) return { ...known, host }
    const [status, bridges] = await Promise.all([hostStatus(http, name), hostBridges(http, name)])
    // The list of hosts lags behind a host that just died: it is online when it answers for itself.
    if (!status.ok) return { at: 0, host: { ...host, online: false }, bridges: known?.bridges ?? [] }
    const facts = {
      at: clock.now(),
      host: { name, online: true, ...status.value },
      bridges: bridges.ok ? bridges.value.map((bridge) => ({ host: name, name: bridge })) : (known?.bridges ?? []),
    }
    remembered.set(name, facts)
    return facts
  }

  return async () => {
    const resources = await clusterResources(http)
    if (!resources.ok) return err(toProblem(resources.error))
    const { hosts, storages, guests } = resources.value
    const facts = await Promise.all(hosts.map((host) => factsOf(host.name, host.online)))
    configs.keepOnly(new Set(guests.map((guest) => guest.vmid)))

    const seenGuests: GuestSeen[] = []
    for (const { host } of facts) {
      const own = guests.filter((guest) => guest.host === host.name)
      const power = host.online && own.length > 0 ? await livePower(http, host.name) : undefined
      for (const guest of own) seenGuests.push(await toGuestSeen(guest, power?.ok ? power.value : undefined, configs))
    }
    return ok({
      hosts: facts.map((fact) => fact.host),
      storages: storages.map(toStorageSeen),
      bridges: facts.flatMap((fact) => fact.bridges),
      guests: seenGuests,
    })
  }
}

async function toGuestSeen(
  guest: GuestRow,
  power: ReadonlyMap<number, boolean> | undefined,
  configs: GuestConfigs,
): Promise<GuestSeen> {
  const { kind, running, ...row } = guest
  const identity = kind === 'qemu' ? await configs.identityOf(guest) : { uuid: undefined, macs: [] }
  return {
    ...row,
    running: power?.get(guest.vmid) ?? running,
    macs: [...identity.macs],
    ...(identity.uuid === undefined ? {} : { uuid: identity.uuid }),
  }
}

function toStorageSeen(storage: StorageRow): StorageSeen {
  const totalGiB = Math.floor(storage.totalBytes / GIB)
  const free = storage.totalBytes === 0 ? 0 : 1 - storage.usedBytes / storage.totalBytes
  return {
    host: storage.host,
    name: storage.name,
    content: [...storage.content],
    active: storage.active,
    shared: storage.shared,
    ...(storage.type === undefined ? {} : { type: storage.type }),
    totalGiB,
    freeGiB: Math.floor((totalGiB * Math.floor(Math.max(0, free) * FREE_STEPS)) / FREE_STEPS),
  }
}
