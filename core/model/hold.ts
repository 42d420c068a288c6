import type { Facts } from './problem.ts'

/** A reason to wait: what waits, why, since when, and what would end it. A wait without one is a bug. */
export interface Hold {
  readonly code: HoldCode
  /** Machine name, host name or cluster name. */
  readonly subject: string
  readonly facts: Facts
  /** Epoch ms of the first plan that had this hold without a break. */
  readonly since: number
}

const kinds = {
  'agent-offline': {
    says: 'The agent of the site is not connected.',
    unblock: 'Start the agent, or enrol one: lanline agent enroll SITE.',
  },
  'site-unseen': {
    says: 'The agent has not yet reported what it sees of the site.',
    unblock: 'The report follows the connection within seconds; lanline-agent status, on its machine, says more.',
  },
  'hypervisor-unseen': {
    says: 'The agent cannot look at the hypervisor; what is known of it is old.',
    unblock: 'Mend the cause named; lanline-agent doctor, on the machine of the agent, checks all that it needs.',
  },
  'reference-missing': { says: 'A document this cluster refers to is gone.', unblock: 'Apply the document named.' },
  'not-placed': {
    says: 'No host can take the machine.',
    unblock: 'See the arithmetic; free the amount named, lower a reservation, or use a smaller class.',
  },
  'machine-unclear': {
    says: 'Whether the machine is there cannot be told.',
    unblock: 'See the cause: bring the host back, or move the guest named away from the VMID.',
  },
  'operation-running': {
    says: 'An operation is under way.',
    unblock: 'Nothing to do; the step and its time are shown.',
  },
  'operation-backoff': {
    says: 'The last try failed; the next one waits a little.',
    unblock: 'Nothing to do, or mend the cause named.',
  },
  'attempts-exhausted': {
    says: 'The operation failed as often as it may.',
    unblock: 'Mend the cause named, then: lanline operations retry ID.',
  },
  'needs-human': {
    says: 'The operation failed in a way that repeating cannot mend.',
    unblock: 'Mend the cause named, then: lanline operations retry ID, or abandon ID.',
  },
  'waiting-for-machine': {
    says: 'The machine has to get further first.',
    unblock: 'Nothing to do; its own step is shown.',
  },
  'waiting-for-bootstrap': {
    says: 'etcd is not bootstrapped yet.',
    unblock: 'Nothing to do; it follows the first configured control plane.',
  },
  'waiting-for-nodes': {
    says: 'Not every machine is a ready node yet.',
    unblock: 'Nothing to do; the machines named are still joining.',
  },
  'membership-change-in-flight': {
    says: 'Another control plane is joining or leaving; one at a time.',
    unblock: 'Nothing to do; it follows.',
  },
  'disruption-in-flight': {
    says: 'Another node is away or leaving; one at a time.',
    unblock: 'Nothing to do; it follows. If the node named does not come back by itself, mend or remove it.',
  },
  'growth-refused': {
    says: 'The machine cannot grow to what its class says now.',
    unblock: 'See the arithmetic; free the amount named, lower a reservation, or set the class back.',
  },
  'etcd-quorum-at-risk': {
    says: 'Taking this control plane out could cost etcd its quorum.',
    unblock: 'Bring the unhealthy members back first.',
  },
  'change-not-supported': {
    says: 'The spec changed in a way no operation can carry out on a bootstrapped cluster.',
    unblock: 'Set the field named back, or delete the cluster and create it anew.',
  },
  locked: { says: 'A lock is held.', unblock: 'Wait for its holder, or release it if it is yours.' },
} as const satisfies Record<string, { says: string; unblock: string }>

export type HoldCode = keyof typeof kinds
export const HOLD_KINDS: Readonly<Record<HoldCode, { readonly says: string; readonly unblock: string }>> = kinds

/** Holds that end only when a person decides: retry, or abandon. Waiting for anything else is in vain. */
export const needsPerson = (code: string): boolean => NEEDS_PERSON.has(code)
const NEEDS_PERSON: ReadonlySet<string> = new Set<HoldCode>(['needs-human', 'attempts-exhausted'])
