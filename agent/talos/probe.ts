import type { Problem } from '#core/model/problem.ts'
import type { Dialer } from '../dialer.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import { talosNode } from './grpc-node.ts'

/**
 * Who is at an address, told by how it answers: nobody, a machine without a configuration, one of our cluster, or
 * somebody else. Sends nothing but a question for the UUID, so it may be asked of anybody at any time.
 *
 * A machine passes `maintenance` → `absent` (it restarts its API) → `configured`; a worker stays absent until it
 * reaches a control plane.
 */
export type NodePresence =
  | { readonly is: 'absent'; readonly problem: Problem }
  /** Without a configuration. The UUID is what it claims: nobody vouches for it. */
  | { readonly is: 'maintenance'; readonly uuid: string }
  /** Carries a configuration. `uuid` is proven by the cluster's authority, and absent when no credentials were given. */
  | { readonly is: 'configured'; readonly uuid: string | undefined }
  /** Something answers that is neither: another cluster's node, or no Talos at all. */
  | { readonly is: 'foreign'; readonly problem: Problem }

export async function probeNode({
  dialer,
  address,
  credentials,
  signal,
}: {
  readonly dialer: Dialer
  readonly address: string
  readonly credentials: ClientIdentity | undefined
  readonly signal?: AbortSignal | undefined
}): Promise<NodePresence> {
  // With credentials first: that answer is the only one that cannot be faked.
  if (credentials) {
    const ours = await identityOf({ dialer, address, credentials }, signal)
    if (ours.ok) return { is: 'configured', uuid: ours.value.uuid }
    if (ours.error.code !== 'node-unauthorized') return unanswered(ours.error)
  }
  const claimed = await identityOf({ dialer, address, credentials: 'maintenance' }, signal)
  if (claimed.ok) return { is: 'maintenance', uuid: claimed.value.uuid }
  if (claimed.error.facts['reason'] !== 'certificate-required') return unanswered(claimed.error)
  return credentials ? { is: 'foreign', problem: claimed.error } : { is: 'configured', uuid: undefined }
}

const unanswered = (problem: Problem): NodePresence =>
  problem.retry === 'never' && problem.code !== 'cancelled' ? { is: 'foreign', problem } : { is: 'absent', problem }

async function identityOf(options: Parameters<typeof talosNode>[0], signal: AbortSignal | undefined) {
  const node = talosNode(options)
  try {
    return await node.readIdentity(signal)
  } finally {
    node.close()
  }
}
