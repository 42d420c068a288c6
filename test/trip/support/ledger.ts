import type { HostCapacity } from '#core/placement/capacity.ts'
import type { Play } from './trip.ts'

/** What the site's ledger says is given out. */
export async function placedOn({ site }: Play): Promise<{ cpu: number; memoryMiB: number }> {
  const { hosts } = await site.api.get<{ hosts: readonly HostCapacity[] }>(`/v1/sites/${site.name}/capacity`)
  const sum = (of: (host: HostCapacity) => number) => hosts.reduce((total, host) => total + of(host), 0)
  return {
    cpu: sum((host) => host.cpu.managed + host.cpu.inFlight),
    memoryMiB: sum((host) => host.memoryMiB.managed + host.memoryMiB.inFlight),
  }
}
