import type { ProblemKind } from './problem-kind.ts'

/** What the hypervisor and the image factory answer. */
export const HYPERVISOR_PROBLEMS = {
  'provider-unreachable': {
    status: 502,
    retry: 'later',
    title: 'Proxmox did not answer.',
    advice: 'Check that the host is up and that the agent reaches its API.',
  },
  'provider-refused': {
    status: 502,
    retry: 'never',
    title: 'Proxmox refused the request.',
    advice: 'Read the reason; it names the parameter or the cause.',
  },
  'permission-missing': {
    status: 502,
    retry: 'never',
    title: 'The token of the agent lacks a privilege.',
    advice: 'Grant the privilege named on the path named.',
  },
  'provider-unauthorized': {
    status: 502,
    retry: 'never',
    title: 'Proxmox does not accept the token of the agent.',
    advice: 'Give the agent a valid API token.',
  },
  'provider-busy': {
    status: 502,
    retry: 'later',
    title: 'Proxmox holds a lock on the guest or the storage.',
    advice: 'It is tried again; if it stays, look for a stuck task on the host.',
  },
  'task-failed': {
    status: 502,
    retry: 'later',
    title: 'A Proxmox task failed.',
    advice: 'Read the exit text; the task log is on the host.',
  },
  'vmid-taken': {
    status: 409,
    retry: 'never',
    title: 'The VMID belongs to a guest that is not ours.',
    advice: 'Move the guest out of the range of the site, or change spec.vmids.',
  },
  'not-ours': {
    status: 409,
    retry: 'never',
    title: 'The guest does not carry the identity it should have, so it is not touched.',
    advice: 'Look at the guest named; delete it by hand if it is a leftover.',
  },
  'image-unavailable': {
    status: 502,
    retry: 'later',
    title: 'The Talos image could not be brought to the storage.',
    advice: 'Check the Image Factory address, the version, and the free space of the storage.',
  },
  'factory-unreachable': {
    status: 502,
    retry: 'later',
    title: 'The Image Factory did not answer.',
    advice: 'Check that the agent can reach it.',
  },
  'address-in-use': {
    status: 409,
    retry: 'later',
    title: 'Something else answers on the address.',
    advice: 'Free the address or give the machine another one.',
  },
  'still-settling': {
    status: 409,
    retry: 'later',
    title: 'The guest is still in the middle of another task.',
    advice: 'Nothing to do; it is looked at again.',
  },
} as const satisfies Record<string, ProblemKind>
