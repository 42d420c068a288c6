import type { ProblemKind } from './problem-kind.ts'

/** Why a machine has no place. */
export const PLACEMENT_PROBLEMS = {
  'no-capacity': {
    status: 409,
    retry: 'later',
    title: 'No host has room for the machines.',
    advice: 'Free the amount named, lower a reservation, or use a smaller machine class.',
  },
  'host-unknown': {
    status: 409,
    retry: 'later',
    title: 'The agent has not seen the host yet.',
    advice: 'Check the name of the host against the Proxmox node name.',
  },
  'host-differs': {
    status: 409,
    retry: 'later',
    title: 'The host is not as the site expects it.',
    advice: 'Correct spec.hosts[].expect or the host.',
  },
  'mac-taken': {
    status: 409,
    retry: 'later',
    title: 'The MAC is already used at this site.',
    advice: 'Choose another MAC, or remove whoever has it.',
  },
  'storage-missing': {
    status: 409,
    retry: 'later',
    title: 'The storage is not on that host or does not take that content.',
    advice: 'Name a storage of the host that takes the content named.',
  },
  'bridge-missing': {
    status: 409,
    retry: 'later',
    title: 'The bridge is not on that host.',
    advice: 'Create the bridge or correct spec.bridge of the network; without SDN.Use it looks the same.',
  },
  'host-excluded': {
    status: 409,
    retry: 'later',
    title: 'The machine class keeps the machine from that host.',
    advice: 'Change where or pins of the machine class, or give the host the label it asks for.',
  },
  'device-missing': {
    status: 409,
    retry: 'later',
    title: 'The host has no such device to give.',
    advice: 'Name the device in spec.hosts[].devices of the site, or free it from the guest that has it.',
  },
  'addresses-exhausted': {
    status: 409,
    retry: 'later',
    title: 'No address of the network is free.',
    advice: 'Widen the network or its pool, or shorten a reserved range.',
  },
  'address-taken': {
    status: 409,
    retry: 'later',
    title: 'Somebody else of the site holds the address.',
    advice: 'Use another address, or wait until the machine named is gone.',
  },
  'vmids-exhausted': {
    status: 409,
    retry: 'later',
    title: 'No VMID of the range of the site is free.',
    advice: 'Widen spec.vmids of the site.',
  },
} as const satisfies Record<string, ProblemKind>
