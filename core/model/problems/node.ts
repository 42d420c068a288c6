import type { ProblemKind } from './problem-kind.ts'

/** What Talos, etcd and Kubernetes answer, and how an operation can end. */
export const NODE_PROBLEMS = {
  'node-unreachable': {
    status: 502,
    retry: 'later',
    title: 'The node does not answer on its address.',
    advice: 'Check that the machine runs and that its address is right.',
  },
  'node-foreign': {
    status: 409,
    retry: 'never',
    title: 'Another machine answers on the address.',
    advice: 'Find the machine with the UUID named; no configuration was sent to it.',
  },
  'node-unauthorized': {
    status: 409,
    retry: 'never',
    title: 'The node does not accept the credentials of this cluster.',
    advice: 'The node was configured by someone else; remove it and let it be made again.',
  },
  'config-refused': {
    status: 409,
    retry: 'never',
    title: 'The node refused the machine configuration.',
    advice: 'Read the reason; it names the field.',
  },
  'patch-refused': {
    status: 422,
    retry: 'never',
    title: 'A patch does not fit the configuration of a machine.',
    advice: 'Correct the patch that is named in the spec of its cluster, and apply it again.',
  },
  'bootstrap-not-ready': {
    status: 409,
    retry: 'later',
    title: 'The node cannot bootstrap etcd yet.',
    advice: 'Nothing to do; it is tried again.',
  },
  'recovery-not-ready': {
    status: 409,
    retry: 'later',
    title: 'The node does not take an etcd snapshot yet.',
    advice: 'It does once it waits for etcd with empty data; reset it if it holds some.',
  },
  'snapshot-damaged': {
    status: 502,
    retry: 'later',
    title: 'The etcd snapshot is not whole.',
    advice: 'Take or fetch it again; nothing was recovered from it.',
  },
  'etcd-quorum-at-risk': {
    status: 409,
    retry: 'later',
    title: 'The node refuses, because etcd could lose its quorum.',
    advice: 'Bring the other members back first.',
  },
  'upgrade-refused': {
    status: 409,
    retry: 'never',
    title: 'The node refuses this upgrade.',
    advice: 'Read the reason; versions are stepped through one minor at a time.',
  },
  'upgrade-failed': {
    status: 502,
    retry: 'later',
    title: 'The installer failed on the node.',
    advice: 'Read its last lines; the node still runs what it ran before.',
  },
  'check-failed': {
    status: 409,
    retry: 'later',
    title: 'The cluster does not pass a health check yet.',
    advice: 'Look at the check named.',
  },
  'kubernetes-unreachable': {
    status: 502,
    retry: 'later',
    title: 'The Kubernetes API did not answer.',
    advice: 'Check the VIP and the control planes.',
  },
  'kubernetes-refused': {
    status: 502,
    retry: 'never',
    title: 'The Kubernetes API does not know the certificate of the agent.',
    advice: 'Another cluster answers there, or the API server trusts another authority; read the reason.',
  },
  'kubernetes-forbidden': {
    status: 502,
    retry: 'later',
    title: 'The Kubernetes API knows the agent and does not let it do this.',
    advice: 'A young cluster has the binding within a minute; else restore the ClusterRoleBinding lanline-admin.',
  },
  'drain-blocked': {
    status: 409,
    retry: 'later',
    title: 'Pods do not leave the node of a machine that is to go.',
    advice: 'Let the budgets named allow it, or set spec.drain.force in the cluster to go on without them.',
  },
  'secrets-missing': {
    status: 409,
    retry: 'later',
    title: 'The secrets bundle of the cluster is not here.',
    advice: 'It is asked for from the cloud; if the agent is new, admit it with the recovery key.',
  },
  'secrets-exist': {
    status: 409,
    retry: 'never',
    title: 'The cluster already has a secrets bundle.',
    advice: 'Nothing to do; the first bundle counts.',
  },
  'secrets-unreadable': {
    status: 409,
    retry: 'never',
    title: 'The sealed bundle cannot be opened with the key of this agent.',
    advice: 'Admit the agent with the recovery key.',
  },
  'outcome-unknown': {
    status: 502,
    retry: 'look-again',
    title: 'The call left and no answer came.',
    advice: 'Nothing to do; the planner looks and decides from what it sees.',
  },
  'deadline-passed': {
    status: 504,
    retry: 'later',
    title: 'The step did not end within its time limit.',
    advice: 'Look at the subject named; the operation is tried again.',
  },
  cancelled: { status: 409, retry: 'never', title: 'The operation was cancelled.', advice: 'Nothing to do.' },
} as const satisfies Record<string, ProblemKind>
