/**
 * Everything that is expected to go wrong, as a closed list. A new code does not compile until it has an HTTP status, a
 * retry class and a sentence of advice: what the reader should do next.
 */
export type RetryClass = 'never' | 'later' | 'look-again'

/** Plain data that explains a problem; never a secret. */
export type Facts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

export interface Problem {
  readonly code: ProblemCode
  readonly facts: Facts
  /** `never`: repeating cannot help · `later`: it may pass by itself · `look-again`: unknown outcome, decide from what is seen. */
  readonly retry: RetryClass
  readonly cause?: Problem | undefined
}

interface ProblemKind {
  readonly status: number
  readonly retry: RetryClass
  /** What happened, in one sentence of its own layer. */
  readonly title: string
  /** What to do next. */
  readonly advice: string
}

const kinds = {
  // The people's door
  'invalid-request': {
    status: 400,
    retry: 'never',
    title: 'The request is not well formed.',
    advice: 'Correct the request as the errors say.',
  },
  'invalid-document': {
    status: 422,
    retry: 'never',
    title: 'A document is not valid.',
    advice: 'Correct the fields named in the errors; nothing was applied.',
  },
  unauthorized: {
    status: 401,
    retry: 'never',
    title: 'The request carries no valid credential.',
    advice: 'Send a session, an API token or the bootstrap token as a bearer token.',
  },
  forbidden: {
    status: 403,
    retry: 'never',
    title: 'Your roles do not allow this.',
    advice: 'Ask an admin for the role named; lanline whoami shows what you have.',
  },
  'credential-expired': {
    status: 401,
    retry: 'never',
    title: 'The session or token has expired.',
    advice: 'Log in again, or make a new token.',
  },
  'credential-revoked': {
    status: 401,
    retry: 'never',
    title: 'The session or token was taken back.',
    advice: 'Ask an admin, if that was not you.',
  },
  'bootstrap-ended': {
    status: 401,
    retry: 'never',
    title: 'The bootstrap token was exchanged for the first admin and is good for nothing more.',
    advice: 'Log in, or use an API token.',
  },
  'login-required': {
    status: 403,
    retry: 'never',
    title: 'Only a person who has logged in can do this.',
    advice: 'Log in and repeat it; a token makes no tokens.',
  },
  'login-not-configured': {
    status: 404,
    retry: 'never',
    title: 'This deployment has no identity provider.',
    advice: 'Set OIDC_ISSUER and OIDC_CLIENT_ID of the API Worker, or use API tokens.',
  },
  'issuer-unreachable': {
    status: 503,
    retry: 'later',
    title: 'The keys of the identity provider could not be read.',
    advice: 'Try again in a minute; check the address of the provider.',
  },
  'id-token-malformed': {
    status: 401,
    retry: 'never',
    title: 'That is no identity token.',
    advice: 'Send the ID token of the provider, whole.',
  },
  'id-token-algorithm': {
    status: 401,
    retry: 'never',
    title: 'The identity token is signed in a way that is not accepted.',
    advice: 'Let the provider sign with one of the algorithms named.',
  },
  'id-token-key-missing': {
    status: 401,
    retry: 'never',
    title: 'The identity token does not name its key.',
    advice: 'Let the provider put kid into the header.',
  },
  'id-token-key-unknown': {
    status: 401,
    retry: 'never',
    title: 'The identity token was signed with a key that the provider does not publish.',
    advice: 'Log in again; after a rotation wait a minute.',
  },
  'id-token-signature': {
    status: 401,
    retry: 'never',
    title: 'The signature of the identity token is wrong.',
    advice: 'Log in again.',
  },
  'id-token-issuer': {
    status: 401,
    retry: 'never',
    title: 'The identity token comes from another provider.',
    advice: 'Log in at the provider named.',
  },
  'id-token-audience': {
    status: 401,
    retry: 'never',
    title: 'The identity token was made for another program.',
    advice: 'Log in with the client id named.',
  },
  'id-token-expired': {
    status: 401,
    retry: 'never',
    title: 'The identity token has expired.',
    advice: 'Log in again; check the clocks.',
  },
  'id-token-not-yet-valid': {
    status: 401,
    retry: 'later',
    title: 'The identity token is from the future.',
    advice: 'Check the clocks of the provider and of this machine.',
  },
  'no-access': {
    status: 403,
    retry: 'never',
    title: 'You are known to the provider, but nobody gave you a role here.',
    advice: 'Ask an admin to bind a role to the name shown.',
  },
  'policy-test-failed': {
    status: 422,
    retry: 'never',
    title: 'The policy does not pass its own tests.',
    advice: 'Correct the bindings, or the tests named.',
  },
  'policy-locks-out': {
    status: 422,
    retry: 'never',
    title: 'With this policy nobody, or not you, could change it any more.',
    advice: 'Keep a binding of admin on everything that holds for you.',
  },
  'name-taken': {
    status: 409,
    retry: 'never',
    title: 'The name is in use.',
    advice: 'Take another one.',
  },
  'too-many-credentials': {
    status: 409,
    retry: 'never',
    title: 'There are too many of these already.',
    advice: 'Revoke those that are not used.',
  },
  'too-many-requests': {
    status: 429,
    retry: 'later',
    title: 'Too many requests came from here.',
    advice: 'Wait a minute.',
  },
  'headers-too-large': {
    status: 431,
    retry: 'never',
    title: 'The headers of the request are too large.',
    advice: 'Send fewer headers and cookies.',
  },
  'not-found': {
    status: 404,
    retry: 'never',
    title: 'There is no such thing here.',
    advice: 'Check the kind and the name.',
  },
  'method-not-allowed': {
    status: 405,
    retry: 'never',
    title: 'This path does not know that method.',
    advice: 'See /openapi.json for what it knows.',
  },
  'precondition-required': {
    status: 428,
    retry: 'never',
    title: 'A write needs If-Match or If-None-Match.',
    advice: 'Read the object first and send its ETag as If-Match, or If-None-Match: * to create it.',
  },
  'precondition-failed': {
    status: 412,
    retry: 'never',
    title: 'The object is not what the request was based on.',
    advice: 'Read it again and decide again.',
  },
  'body-too-large': {
    status: 413,
    retry: 'never',
    title: 'The request is too large.',
    advice: 'Send at most 100 documents and 256 KiB at a time.',
  },
  'still-referenced': {
    status: 409,
    retry: 'never',
    title: 'Other objects still refer to this one.',
    advice: 'Delete or change the objects named first.',
  },
  'reference-missing': {
    status: 422,
    retry: 'never',
    title: 'A document refers to something that does not exist.',
    advice: 'Apply the missing document together with this one.',
  },
  'deletion-forbidden': {
    status: 409,
    retry: 'never',
    title: 'The object is protected against deletion.',
    advice: 'Remove the annotation lanline/deletion: forbid first.',
  },
  'confirmation-required': {
    status: 409,
    retry: 'never',
    title: 'Deleting this object needs its name as confirmation.',
    advice: 'Repeat with ?confirm=NAME.',
  },
  'change-not-supported': {
    status: 422,
    retry: 'never',
    title: 'No operation can carry out this change of an existing object yet.',
    advice: 'Undo the change of the field named, or make a new object.',
  },
  'being-deleted': {
    status: 409,
    retry: 'later',
    title: 'The object is being deleted.',
    advice: 'Wait until it is gone, then create it anew.',
  },
  'unsupported-version': {
    status: 422,
    retry: 'never',
    title: 'This version is outside the supported range.',
    advice: 'Use a version in the range named.',
  },
  'operation-not-stuck': {
    status: 409,
    retry: 'never',
    title: 'The operation does not wait for a person.',
    advice: 'Only a failed operation that is held can be retried or abandoned.',
  },
  'too-many-followers': {
    status: 429,
    retry: 'later',
    title: 'Too many followers watch this cluster.',
    advice: 'Close one of the other watchers.',
  },
  'join-token-invalid': {
    status: 403,
    retry: 'never',
    title: 'The join token is unknown, used or expired.',
    advice: 'Make a new one: lanline agent enroll SITE.',
  },
  'agent-unknown': {
    status: 401,
    retry: 'never',
    title: 'No enrolled agent has this key.',
    advice: 'Enrol the agent again with a new join token.',
  },
  'agent-pending': {
    status: 403,
    retry: 'later',
    title: 'The agent waits for an admin to compare its fingerprint.',
    advice: 'Compare the fingerprint that the agent shows, then run: lanline agent approve SITE FINGERPRINT.',
  },
  'fingerprint-differs': {
    status: 409,
    retry: 'never',
    title: 'The fingerprint is not that of the agent.',
    advice: 'Read it where the agent runs: lanline-agent status. If it differs from the list, reject the agent.',
  },
  'identity-refused': {
    status: 403,
    retry: 'never',
    title: 'The agent does not believe who this is.',
    advice:
      'Log in again; the reason names what was wrong. Issuers and owner keys are pinned with lanline-agent trust.',
  },
  'clock-skewed': {
    status: 401,
    retry: 'later',
    title: 'The clocks of agent and cloud disagree too much.',
    advice: 'Correct the clock of the agent; the answer carries the server time.',
  },
  unavailable: {
    status: 503,
    retry: 'later',
    title: 'A part of the control plane did not answer.',
    advice: 'Try again in a moment; nothing was lost.',
  },
  internal: {
    status: 500,
    retry: 'never',
    title: 'Something that should not happen happened.',
    advice: 'Report it with the request id.',
  },

  // Placement
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

  // The LAN
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
  'stale-offer': {
    status: 409,
    retry: 'never',
    title: 'The offer is older than what the agent has already seen.',
    advice: 'Nothing to do; the cloud plans again.',
  },
  'operation-unsupported': {
    status: 409,
    retry: 'never',
    title: 'The agent does not know this kind of operation.',
    advice: 'Upgrade the agent.',
  },
  'agent-away': {
    status: 503,
    retry: 'later',
    title: 'The agent of the site is not connected.',
    advice: 'Look at the machine of the agent: lanline-agent status.',
  },
  'agent-too-old': {
    status: 409,
    retry: 'never',
    title: 'The agent of the site does not know this.',
    advice: 'Upgrade the agent.',
  },
  'lane-full': {
    status: 429,
    retry: 'later',
    title: 'Too many people use the data lane of this site.',
    advice: 'Wait until one of them is done.',
  },
  'lane-unasked': {
    status: 409,
    retry: 'never',
    title: 'Nobody waits for the agent in the data lane.',
    advice: 'Nothing to do; the agent is asked again when someone comes.',
  },
  'lane-ticket-invalid': {
    status: 401,
    retry: 'never',
    title: 'The ticket for the data lane is unknown, used or expired.',
    advice: 'Ask the API for another one.',
  },
  'journal-full': {
    status: 507,
    retry: 'later',
    title: 'The journal of the agent cannot take another operation.',
    advice: 'Free disk space on the machine of the agent.',
  },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof kinds

export const PROBLEM_KINDS: Readonly<Record<ProblemCode, ProblemKind>> = kinds
export const PROBLEM_CODES = Object.keys(kinds) as [ProblemCode, ...ProblemCode[]]

export function problem(code: ProblemCode, facts: Facts = {}, cause?: Problem): Problem {
  return { code, facts, retry: PROBLEM_KINDS[code].retry, ...(cause ? { cause } : {}) }
}

/** One line for people: the sentence of the code and its facts, outermost first. */
export function sayProblem(found: Problem): string {
  const facts = Object.entries(found.facts).map(
    ([key, value]) => `${key}: ${Array.isArray(value) ? value.join(', ') : String(value)}`,
  )
  const own = PROBLEM_KINDS[found.code].title + (facts.length > 0 ? ` (${facts.join('; ')})` : '')
  return found.cause ? `${own} ← ${sayProblem(found.cause)}` : own
}
