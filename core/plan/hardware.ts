import { invariant } from '../base/invariant.ts'
import type { AskedMachine } from '../model/cluster-machines.ts'
import type { Addressing, Hardware, NicShape } from '../model/hardware.ts'
import type { Placement } from '../model/placement.ts'
import { classOf, networkOf, type ClusterDocuments } from './documents.ts'
import { withPrefix } from './machines.ts'

/** Boots Talos on any host the machine may move to; the default of Proxmox lacks x86-64-v2 (talos#7202). */
const CPU_TYPE = 'x86-64-v2-AES'

/** The hardware of a placed machine, with nothing left to choose: what its class does not say is said here. */
export function hardwareFor(
  placement: Placement,
  asked: AskedMachine,
  documents: Pick<ClusterDocuments, 'networks' | 'machineClasses'>,
): Hardware {
  const machineClass = classOf(documents, asked.class)
  const iothread = machineClass.disks.some((disk) => disk.iothread === true)
  return {
    cpu: placement.cpu,
    cpuType: machineClass.cpuType ?? CPU_TYPE,
    numa: machineClass.numa ?? false,
    memoryMiB: placement.memoryMiB,
    firmware: machineClass.firmware ?? 'ovmf',
    secureBoot: machineClass.secureBoot ?? false,
    tpm: machineClass.tpm ?? false,
    // Threads of their own are for disks with a controller of their own.
    scsiController: iothread ? 'virtio-scsi-single' : 'virtio-scsi-pci',
    disks: placement.disks.map(({ name, storage, sizeGiB }, index) => {
      const disk = machineClass.disks[index]
      return {
        name,
        storage,
        sizeGiB,
        cache: disk?.cache ?? 'none',
        ssd: disk?.ssd ?? true,
        discard: disk?.discard ?? true,
        iothread: disk?.iothread ?? false,
        backup: disk?.backup ?? true,
      }
    }),
    nics: nicsFor(placement, asked, documents),
    devices: (machineClass.devices ?? []).map(({ mapping, pcie }) => ({ mapping, pcie: pcie ?? true })),
    onboot: machineClass.onboot ?? true,
    protection: machineClass.protection ?? false,
    tags: machineClass.tags ?? [],
    ...(machineClass.pool === undefined ? {} : { pool: machineClass.pool }),
  }
}

/** A CD for one network tells the addresses of all; a machine has one thing that tells it. */
export function addressingOf({ nics }: AskedMachine, documents: Pick<ClusterDocuments, 'networks'>): Addressing {
  const all = nics.map(({ network }) => networkOf(documents, network).addressing ?? 'cloud-init')
  return all.includes('cidata') ? 'cidata' : (all[0] ?? 'cloud-init')
}

/** Only the first NIC leads out of the site: two default routes would be one too many. */
function nicsFor(placement: Placement, asked: AskedMachine, documents: Pick<ClusterDocuments, 'networks'>): NicShape[] {
  return placement.nics.map((placed, index) => {
    const { vlan, mtu, cidr, gateway, addressing } = networkOf(documents, placed.network)
    const chosen = asked.nics[index]
    invariant(chosen, 'a machine is placed with the NICs it asked for')
    return {
      network: placed.network,
      bridge: placed.bridge,
      ...(vlan === undefined ? {} : { vlan }),
      ...(mtu === undefined ? {} : { mtu }),
      firewall: chosen.firewall ?? false,
      hostTunnel: chosen.hostTunnel ?? false,
      mac: placed.mac,
      ...(addressing === 'dhcp'
        ? {}
        : {
            addressCidr: withPrefix(placed.address, cidr),
            ...(index === 0 && gateway !== undefined ? { gateway } : {}),
          }),
    }
  })
}
