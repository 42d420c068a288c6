import { failed } from './failure.ts'
import { configOf, type Vm } from './vm.ts'
import type { World } from './world.ts'

/**
 * Devices of the host that a guest is started with. A configuration takes any mapping; whether there is one for this host,
 * and whether another guest runs with its device, shows at the start.
 *
 * Source: qemu-server 9.2.6, PVE/QemuServer/PCI.pm (parse_hostpci, reserve_pci_usage).
 */
export const mappingOf = (value: string): string | undefined => /(?:^|,)mapping=([^,]+)/.exec(value)?.[1]

export function checkDevices(world: World, vm: Vm): void {
  for (const { mapping, address } of devicesOf(world, vm)) {
    if (address === undefined) throw failed(`PCI device mapping not found for '${mapping}'`)
    const holder = world.vms
      .all()
      .find(
        (other) => other !== vm && other.running && devicesOf(world, other).some((each) => each.address === address),
      )
    if (holder) throw failed(`PCI device '${address}' already in use by VMID '${holder.vmid}'`)
  }
}

/** Each mapping with the address that its device has on this host; none where the mapping names no device here. */
function devicesOf(
  world: World,
  vm: Vm,
): readonly { readonly mapping: string; readonly address: string | undefined }[] {
  return [...configOf(vm, 'current')].flatMap(([key, value]) => {
    const mapping = /^hostpci\d+$/.test(key) ? mappingOf(value) : undefined
    if (mapping === undefined) return []
    const here = world.cluster.mappings
      .get(mapping)
      ?.map.find((entry) => entry.split(',').includes(`node=${world.node}`))
    return [{ mapping, address: here && /(?:^|,)path=([^,;]+)/.exec(here)?.[1] }]
  })
}
