import type { GuestHardware } from './guest.ts'

/**
 * Talos machines that stand on the LAN by themselves, without a hypervisor, in maintenance mode: for whoever brings
 * their own talosctl and configurations. They start from a written disk, as a machine does that was flashed.
 */
export interface BareMachines {
  readonly count: number
  /** As in `v1.13.9`. */
  readonly talosVersion: string
}

/** A cluster with spare machines; each is a gRPC server of its own. */
export const MAX_BARE_MACHINES = 16

const NETWORK = '192.168.1'
/** Clear of the addresses of the examples. */
const FIRST_HOST = 101
const GATEWAY = `${NETWORK}.1`
/** The empty schematic of the Image Factory: Talos as it is. */
const PLAIN_SCHEMATIC = '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba'

export const bareAddress = (index: number): string => `${NETWORK}.${FIRST_HOST + index}`

export const bareHardware = ({ count, talosVersion }: BareMachines): readonly GuestHardware[] =>
  Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(2, '0')
    const mac = `02:ba:4e:00:00:${number}`
    return {
      vmid: 900_000 + index,
      uuid: `ba4e0000-0000-4000-8000-0000000000${number}`,
      name: `bare-${index + 1}`,
      cores: 4,
      memoryMiB: 8192,
      nics: [{ mac, bridge: 'vmbr0', vlan: undefined }],
      disk: { id: `bare-${index + 1}`, sizeGiB: 32, image: { talosVersion, schematicId: PLAIN_SCHEMATIC } },
      cloudInit: {
        hostname: `bare-${index + 1}`,
        nics: [{ mac, address: `${bareAddress(index)}/24`, gateway: GATEWAY }],
        nameservers: [GATEWAY],
      },
    }
  })
