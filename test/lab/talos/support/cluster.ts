import type { GuestHardware } from '#lab/guest.ts'
import type { TalosCluster } from '#lab/talos/cluster.ts'
import type { TalosNode } from '#lab/talos/node.ts'
import { machineConfig, type Bundle, type MachineWish } from './bundle.ts'
import { apply, insecure, portOf, secure } from './client.ts'
import { until, type Site } from './site.ts'

export const VIP = '192.168.1.50'

type Guest = GuestHardware & { readonly address: string; readonly mac: string }

export const nodeOf = (site: Site, guest: GuestHardware): TalosNode => {
  const node = site.guests.nodes().find((one) => one.uuid === guest.uuid)
  if (!node) throw new Error(`${guest.name} was never powered on`)
  return node
}

/** Powers the guest on and gives it its configuration; resolves when it serves mTLS (control planes) or has taken it. */
export async function configure(
  site: Site,
  bundle: Bundle,
  guest: Guest,
  wish: Partial<MachineWish> = {},
): Promise<void> {
  site.guests.powerOn(guest)
  await inMaintenance(site, guest)
  await apply(
    insecure(site.lan, guest.address),
    machineConfig(bundle, { hostname: guest.name, address: guest.address, mac: guest.mac, vip: VIP, ...wish }),
  )
  if (wish.type !== 'worker') await until(() => nodeOf(site, guest).secured, `${guest.name} serves mTLS`)
}

export const inMaintenance = (site: Site, guest: Guest) =>
  until(
    () => nodeOf(site, guest).stage === 'maintenance' && portOf(site.lan, guest.address, 50_000) !== undefined,
    `${guest.name} is in maintenance mode`,
  )

export async function bootstrapOn(site: Site, bundle: Bundle, guest: Guest): Promise<void> {
  const clients = await secure(site.lan, guest.address, bundle)
  await until(
    () =>
      clients.machine.bootstrap({}).then(
        () => true,
        () => false,
      ),
    'bootstrap is heard',
  )
}

/** A whole cluster, every node ready in Kubernetes. */
export async function bringUp(
  site: Site,
  bundle: Bundle,
  controlPlanes: readonly Guest[],
  wish: Partial<MachineWish> = {},
): Promise<TalosCluster> {
  await Promise.all(controlPlanes.map((guest) => configure(site, bundle, guest, wish)))
  const [first] = controlPlanes
  if (!first) throw new Error('a cluster has a control plane')
  await bootstrapOn(site, bundle, first)
  const cluster = site.world.cluster(bundle.id)
  await until(() => controlPlanes.every((guest) => nodeOf(site, guest).nodeReady), 'every node is ready')
  return cluster
}
