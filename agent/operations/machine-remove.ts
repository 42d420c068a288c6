import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { MachineRef } from '../providers/provider.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext, OperationHandler } from './handler.ts'
import { leaveEtcd } from './leave-etcd.ts'
import { cancelled, runTaskStep, waitFor, waitForTask } from './waiting.ts'

/**
 * A machine leaves its cluster and its host, and its absence is proven.
 *
 *   P7   The guest is stopped and destroyed only while its UUID and MAC prove it ours; one that is not is left alone.
 *   P11  Nodes that do not answer cost a limited time, and what they left behind is reported.
 *
 * Safe to run again: a machine that is absent is a success. Problems: provider-unreachable, provider-busy, task-failed
 * (later); not-ours (never; a guest carries half of the identity, or none that may be read).
 */
export const removeMachine =
  (deps: HandlerDeps): OperationHandler<'machine.remove'> =>
  async (input, context) => {
    const leftovers: string[] = []
    const survives = input.peers.length > 0
    if (survives && input.role === 'controlplane' && input.secretsVersion !== undefined) {
      const identity = await deps.secrets.talosIdentity(input.clusterUid, input.secretsVersion)
      if (!identity.ok) return identity
      const left = await leaveEtcd(deps, input, identity.value, context)
      if (!left.ok) return left
      leftovers.push(...left.value)
    }

    const gone = await removeGuest(deps, input, context)
    if (!gone.ok) return gone
    leftovers.push(...gone.value)

    if (survives && input.secretsVersion !== undefined) {
      const deleted = await deleteNode(deps, input, input.secretsVersion, context)
      if (!deleted.ok) return deleted
      leftovers.push(...deleted.value)
    }
    return ok({ leftovers })
  }

type Input = OperationInput<'machine.remove'>

const STOP = { name: 'stop', stepClass: 'idempotent', limitMs: 60_000 } as const
const DESTROY = { name: 'destroy', stepClass: 'irreversible', limitMs: 2 * 60_000 } as const
/** A creation under way cannot be interrupted safely; its end is waited for. */
const CREATION_LIMIT_MS = 10 * 60_000
const ABSENT = { what: 'the machine to be gone', limitMs: 60_000, everyMs: 2_000 }
/** The rest of the cluster may just be electing a leader. */
const NODE_DELETED = { what: 'Kubernetes to delete the node', limitMs: 60_000, everyMs: 3_000 }

async function removeGuest(
  deps: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<readonly string[], Problem>> {
  const { provider } = deps
  const settled = await waitForCreationToEnd(deps, input, context)
  if (!settled.ok) return settled

  const sight = await provider.look(input)
  if (!sight.ok) return sight
  if (sight.value.state === 'foreign') {
    // Neither UUID nor MAC is ours: our machine is gone and its place was given to somebody else.
    const { guest } = sight.value
    if (guest.macs.includes(input.mac.toUpperCase()))
      return err(
        problem('not-ours', { host: guest.host, vmid: input.vmid, name: guest.name, uuid: guest.uuid ?? 'none' }),
      )
    return ok([])
  }
  if (sight.value.state === 'present') {
    const { host, vmid } = sight.value.machine
    const ref: MachineRef = { machineId: input.machineId, host, vmid, mac: input.mac }
    context.progress('stopping')
    const stopped = await runTaskStep(context, provider, STOP, () => provider.startPowerOff(ref))
    if (!stopped.ok) return stopped
    const cancelledNow = cancelled(context)
    if (cancelledNow) return cancelledNow
    context.progress('destroying')
    const destroyed = await runTaskStep(context, provider, DESTROY, () => provider.startDestruction(ref))
    if (!destroyed.ok) return destroyed
  }
  let lastUnclear = false
  const absent = await waitFor(context, ABSENT, async () => {
    const now = await provider.look(input)
    if (!now.ok) return now
    lastUnclear = now.value.state === 'unclear'
    return ok(now.value.state === 'present' || now.value.state === 'unclear' ? undefined : now.value.state)
  })
  if (!absent.ok) {
    // Half made by a host that died, or somebody else's that we may not read: only a person can tell.
    const stuck = absent.error.code === 'deadline-passed' && lastUnclear
    return stuck ? err(problem('not-ours', { host: input.host, vmid: input.vmid, reason: 'unreadable' })) : absent
  }
  // Volumes are told apart by VMID alone, so they are only touched while nobody holds it.
  return absent.value === 'absent' ? deleteLeftovers(deps, input) : ok([])
}

async function waitForCreationToEnd(
  { provider }: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const running = await provider.findRunningCreation(input)
  if (!running.ok) return running
  if (running.value === undefined) return ok(undefined)
  context.progress('waiting for the creation to end')
  const ended = await waitForTask(context, provider, running.value, {
    what: 'the creation to end',
    limitMs: CREATION_LIMIT_MS,
  })
  // How it ended does not matter: what is there now is removed.
  return !ended.ok && (ended.error.code === 'cancelled' || ended.error.code === 'deadline-passed')
    ? ended
    : ok(undefined)
}

/** What cannot be deleted is reported: deleting volumes is a right the agent need not have. */
async function deleteLeftovers({ provider }: HandlerDeps, input: Input): Promise<Result<readonly string[], Problem>> {
  const volumes = await provider.listLeftovers(input, input.storage)
  if (!volumes.ok) return volumes.error.code === 'storage-missing' ? ok([]) : volumes
  const remaining: string[] = []
  for (const volume of volumes.value) {
    const deleted = await provider.deleteLeftover(input, input.storage, volume)
    if (!deleted.ok) remaining.push(`volume ${volume}`)
  }
  return ok(remaining)
}

async function deleteNode(
  { kubernetes, secrets }: HandlerDeps,
  input: Input,
  secretsVersion: number,
  context: HandlerContext,
): Promise<Result<readonly string[], Problem>> {
  const identity = await secrets.kubernetesIdentity(input.clusterUid, secretsVersion)
  if (!identity.ok) return identity
  context.progress('deleting the node')
  const client = kubernetes.connect(`https://${input.vip}:6443`, identity.value)
  try {
    const deleted = await waitFor(context, NODE_DELETED, async () => {
      const answer = await client.deleteNode(input.name)
      if (answer.ok) return answer
      return answer.error.code === 'outcome-unknown' ? ok(undefined) : answer
    })
    if (deleted.ok) return ok([])
    return deleted.error.code === 'cancelled'
      ? deleted
      : ok([`node ${input.name}: the Kubernetes API did not delete it`])
  } finally {
    await client.close()
  }
}
