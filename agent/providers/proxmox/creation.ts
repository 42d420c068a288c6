import { invariant } from '#core/base/invariant.ts'
import type { NewMachine } from '../provider.ts'
import type { Params } from './http.ts'
import { formatProperties } from './parse.ts'
import { diskParams } from './shape/disks.ts'
import { firmwareParams } from './shape/firmware.ts'
import { mediaParams } from './shape/media.ts'
import { addressParams, nicParams } from './shape/nics.ts'

/**
 * The parameters that make a Talos machine, each for a reason that cost somebody a day.
 *
 * Left out on purpose: `tags`, because with the rights of a pool the whole import would run and then fail on them;
 * `protection`, because it would keep a failed creation from being cleaned up; `start`, because its failure is only a
 * warning; `startup`, `args`, `cicustom`, `hookscript` and raw devices, because no token may set them.
 *
 * Source: facts proxmox.md §1.7; recorded in the default flow (40 create), all allowed to the least-privileged token.
 */
export function creationParams(machine: NewMachine, pool: string, host: { readonly hostTunnelKnown: boolean }): Params {
  const { hardware, addressing } = machine
  const [system] = hardware.disks
  invariant(system, 'a machine has a disk')
  invariant(!hardware.secureBoot || hardware.firmware === 'ovmf', 'only OVMF boots securely')
  return {
    vmid: machine.vmid,
    name: machine.name,
    // Rights come from membership, and joining later would need more rights than creating.
    pool: hardware.pool ?? pool,
    description: `Made by lanline for ${whose(machine)}. Do not edit.\ncluster: ${machine.clusterUid}\nmachine: ${machine.machineId}`,
    onboot: hardware.onboot ? 1 : 0,
    ostype: 'l26',
    ...firmwareParams(hardware, system.storage),
    // Always sent: the default kvm64 lacks x86-64-v2 and does not boot Talos.
    cpu: hardware.cpuType,
    cores: hardware.cpu,
    sockets: 1,
    numa: hardware.numa ? 1 : 0,
    memory: hardware.memoryMiB,
    // Ballooning takes memory that kubelet counts on.
    balloon: 0,
    // Talos cannot take CPU and memory while it runs.
    hotplug: 'disk,network,usb',
    scsihw: hardware.scsiController,
    ...diskParams(hardware, machine.boot),
    ...nicParams(hardware, host),
    ...mediaParams(machine, system.storage),
    ...(addressing.by === 'cidata' ? {} : cloudInitParams(machine)),
    ...Object.fromEntries(
      hardware.devices.map(({ mapping, pcie }, index) => [
        `hostpci${index}`,
        formatProperties(undefined, { mapping, pcie: pcie ? '1' : undefined }),
      ]),
    ),
    serial0: 'socket',
    vga: 'std',
    rng0: 'source=/dev/urandom',
    smbios1: formatProperties(undefined, { uuid: machine.machineId }),
    // Only with the extension in the image: without it, shutdown and backup wait for an agent that never answers.
    agent: machine.guestAgent ? 'enabled=1' : undefined,
  }
}

/** A machine that is no node is a cluster of its own. */
const whose = ({ name, clusterName }: NewMachine): string =>
  clusterName === name ? 'itself' : `cluster ${clusterName}`

/** Talos ignores the user-data that Proxmox writes, but takes the network from it: addresses before any configuration. */
const cloudInitParams = ({ hardware, nameservers }: NewMachine): Params => ({
  citype: 'nocloud',
  ...addressParams(hardware),
  nameserver: nameservers.length > 0 ? nameservers.join(' ') : undefined,
})
