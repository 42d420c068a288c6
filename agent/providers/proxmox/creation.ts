import { invariant } from '#core/base/invariant.ts'
import type { NewMachine } from '../provider.ts'
import type { Params } from './http.ts'
import { formatProperties, isAtLeast } from './parse.ts'

/**
 * The parameters that make a Talos machine, each for a reason that cost somebody a day.
 *
 * Source: facts proxmox.md §1.7; recorded in the default flow (40 create), all allowed to the least-privileged token.
 */
export const SYSTEM_DISK = 'scsi0'

export function creationParams(machine: NewMachine, pool: string, hostVersion: readonly number[]): Params {
  const { hardware } = machine
  const [disk] = hardware.disks
  const [nic] = hardware.nics
  invariant(disk && nic, 'a machine has a disk and a NIC')
  return {
    vmid: machine.vmid,
    name: machine.name,
    // Rights come from membership, and joining later would need more rights than creating.
    pool,
    description: `Made by lanline for cluster ${machine.clusterName}. Do not edit.\ncluster: ${machine.clusterUid}\nmachine: ${machine.machineId}`,
    onboot: 1,
    ostype: 'l26',
    machine: 'q35',
    bios: 'ovmf',
    // Enrolled keys would refuse to boot an unsigned Talos.
    efidisk0: formatProperties(`${disk.storage}:1`, { efitype: '4m', 'pre-enrolled-keys': '0' }),
    // The default kvm64 lacks x86-64-v2 and does not boot Talos; this model exists on every host it may move to.
    cpu: hardware.cpuType,
    cores: hardware.cpu,
    sockets: 1,
    numa: 0,
    memory: hardware.memoryMiB,
    // Ballooning takes memory that kubelet counts on.
    balloon: 0,
    hotplug: 'disk,network,usb',
    scsihw: 'virtio-scsi-pci',
    // A size of 0 means the size of the image; it is grown afterwards, before the first boot.
    [SYSTEM_DISK]: formatProperties(`${disk.storage}:0`, {
      'import-from': machine.image,
      discard: 'on',
      ssd: '1',
      cache: 'none',
      serial: disk.name,
    }),
    boot: `order=${SYSTEM_DISK}`,
    net0: formatProperties(undefined, {
      virtio: nic.mac,
      bridge: nic.bridge,
      firewall: '0',
      // UDP tunnel offload breaks VXLAN between hosts (PVE bug 7627). Older versions refuse the key.
      'host-tunnel': isAtLeast(hostVersion, 9, 2) ? '0' : undefined,
    }),
    // Talos ignores the user-data that Proxmox writes, but takes the network from it: a static address before any configuration.
    ide2: `${disk.storage}:cloudinit`,
    citype: 'nocloud',
    ciupgrade: 0,
    ipconfig0: formatProperties(undefined, { ip: nic.addressCidr, gw: nic.gateway }),
    nameserver: machine.nameservers.length > 0 ? machine.nameservers.join(' ') : undefined,
    serial0: 'socket',
    vga: 'std',
    rng0: 'source=/dev/urandom',
    smbios1: formatProperties(undefined, { uuid: machine.machineId }),
    // Only with the extension in the image: without it, shutdown and backup wait for an agent that never answers.
    agent: machine.guestAgent ? 'enabled=1' : undefined,
    // No tags: with the rights of a pool the whole import would run and then fail on them. They are set afterwards.
  }
}
