import type { Placement } from '../model/placement.ts'
import type { Facts } from '../model/problem.ts'
import type { MachineSeen, SiteSeen } from '../model/seen.ts'

/**
 * Why a look at the site could not tell whether a machine is there, as facts of a hold: `cause` is `host-away`,
 * `guest-in-its-place` (a container, or a VM whose configuration the agent may not read, has its VMID), or
 * `host-unread` when the last look itself failed. undefined for a machine whose power is known.
 */
export function whyUnclear(
  machine: MachineSeen,
  placement: Placement | undefined,
  seen: Pick<SiteSeen, 'hosts' | 'guests'>,
): Facts | undefined {
  if (machine.power !== 'unknown' || !placement) return undefined
  const { host, vmid } = placement
  const where = { host, vmid, machineId: machine.machineId }
  if (seen.hosts.some(({ name, online }) => name === host && !online)) return { cause: 'host-away', ...where }
  // A VMID is one number for the whole Proxmox cluster, whatever host the guest is on.
  const inItsPlace = seen.guests.find((guest) => guest.vmid === vmid && guest.uuid === undefined)
  return inItsPlace
    ? { cause: 'guest-in-its-place', ...where, guest: inItsPlace.name, on: inItsPlace.host }
    : { cause: 'host-unread', ...where }
}
