import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput, Peer } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { EtcdMember, TalosNode } from '../talos/node.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext } from './handler.ts'
import { waitFor } from './waiting.ts'

/**
 * A machine leaves etcd: by itself when it answers, otherwise the members that stay drop it. Answers what could not be
 * done, so that it can be reported: an etcd that nobody reaches must not keep a machine for ever (P11). Whether its
 * leaving costs the quorum was decided before (P2); etcd itself refuses as well.
 */
export async function leaveEtcd(
  deps: HandlerDeps,
  input: OperationInput<'machine.remove'>,
  identity: ClientIdentity,
  context: HandlerContext,
): Promise<Result<readonly string[], Problem>> {
  const found = await waitFor(context, MEMBERS_KNOWN, () => membersAmong(deps, input.peers, identity, context.signal))
  if (!found.ok) {
    if (found.error.code === 'cancelled') return found
    return ok([`etcd member ${input.name}: no control plane that stays told its members`])
  }
  const member = memberOf(found.value, input)
  if (!member) return ok([])

  context.progress('leaving etcd')
  context.steps.intend('etcd-leave', 'irreversible')
  const asked = await askToLeave(deps, input, identity, context)
  if (context.signal.aborted) return err(problem('cancelled'))
  context.log.debug({ event: 'etcd.asked-to-leave', machineId: input.machineId, ok: asked.ok })

  const gone = await waitFor(context, asked.ok ? GONE : GONE_BY_PEER, async () => {
    const members = await membersAmong(deps, input.peers, identity, context.signal)
    if (!members.ok) return members
    if (members.value === undefined) return ok(undefined)
    const still = memberOf(members.value, input)
    if (still && !asked.ok) await dropByPeer(deps, input.peers, still, identity)
    return ok(still ? undefined : ('gone' as const))
  })
  if (!gone.ok) {
    if (gone.error.code === 'cancelled') return gone
    return ok([`etcd member ${input.name} (${member.id}): it did not leave and could not be removed`])
  }
  context.steps.done('etcd-leave', member.id)
  return ok([])
}

/** A control plane that restarts answers again within a minute. */
const MEMBERS_KNOWN = { what: 'a control plane that tells the etcd members', limitMs: 60_000, everyMs: 3_000 }
/** The node itself would try for five minutes; by then those that stay have dropped it. */
const LEAVE_LIMIT_MS = 3 * 60_000
const GONE = { what: 'the member to be gone', limitMs: 60_000, everyMs: 2_000 }
const GONE_BY_PEER = { what: 'the member to be removed', limitMs: 90_000, everyMs: 3_000 }

const memberOf = (members: readonly EtcdMember[], machine: Peer): EtcdMember | undefined =>
  members.find((member) => member.hostname === machine.name || member.addresses.includes(machine.address))

/** The member list of the first peer that has one. */
async function membersAmong(
  deps: HandlerDeps,
  peers: readonly Peer[],
  identity: ClientIdentity,
  signal: AbortSignal,
): Promise<Result<readonly EtcdMember[] | undefined, Problem>> {
  for (const peer of peers) {
    const members = await withNode(deps, peer.address, identity, (node) => node.etcdMembers(signal))
    if (members.ok && members.value.length > 0) return members
    if (signal.aborted) return err(problem('cancelled'))
  }
  return ok(undefined)
}

/** Only the machine itself may be asked: at its address somebody else could answer by now. */
async function askToLeave(
  deps: HandlerDeps,
  { address, machineId }: OperationInput<'machine.remove'>,
  identity: ClientIdentity,
  { signal }: HandlerContext,
): Promise<Result<void, Problem>> {
  return withNode(deps, address, identity, async (node) => {
    const who = await node.readIdentity(signal)
    if (!who.ok) return who
    if (who.value.uuid !== machineId) return err(problem('node-foreign', { address, machineId, uuid: who.value.uuid }))
    // A member that cannot hand over its leadership leaves all the same; etcd elects another.
    await node.forfeitLeadership()
    return node.leaveEtcd(AbortSignal.timeout(LEAVE_LIMIT_MS))
  })
}

async function dropByPeer(
  deps: HandlerDeps,
  peers: readonly Peer[],
  member: EtcdMember,
  identity: ClientIdentity,
): Promise<void> {
  for (const peer of peers) {
    const dropped = await withNode(deps, peer.address, identity, (node) => node.removeMember(member.id))
    if (dropped.ok) return
  }
}

async function withNode<T>(
  { talos }: HandlerDeps,
  address: string,
  identity: ClientIdentity,
  use: (node: TalosNode) => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  const node = talos.connect(address, identity)
  try {
    return await use(node)
  } finally {
    node.close()
  }
}
