import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { TalosNode } from '../talos/node.ts'
import { lookForRestart } from '../talos/restart.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext } from './handler.ts'
import { startMachine } from './machine-start.ts'
import { runTaskStep, waitFor } from './waiting.ts'

/**
 * Turns a machine off and on again, and waits until its node is what it was: only then may another one go away.
 *
 *   P2  A control plane goes down only while enough of its peers say themselves that they are healthy. The plan looked, too;
 *       since then time has passed.
 *
 * It is turned off as with its power button, so Talos ends its pods and services first. A reboot from inside would not do:
 * what waits for a power cycle waits for the machine to be off. After a crash it is not turned off a second time.
 */
export async function powerCycle(
  deps: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const { steps } = context
  const identity =
    input.secretsVersion === undefined
      ? undefined
      : await deps.secrets.talosIdentity(input.clusterUid, input.secretsVersion)
  if (identity && !identity.ok) return identity
  if (steps.handleOf(OFF_STEP) === undefined) {
    const prepared = identity ? await prepare(deps, input, identity.value, context) : ok(undefined)
    if (!prepared.ok) return prepared
    const off = await turnOff(deps, input, context)
    if (!off.ok) return off
    steps.intend(OFF_STEP, 'read')
    steps.rememberHandle(OFF_STEP, 'seen')
  }
  const { machineId, name, host, vmid } = input
  const on = await startMachine(deps)({ machineId, name, host, vmid }, context)
  if (!on.ok) return on
  return identity ? waitUntilBack(deps, input, identity.value, context) : ok(undefined)
}

type Input = OperationInput<'machine.resize'>

const OFF_STEP = 'seen-off'
const BOOT_STEP = 'boot-id'
/** Two minutes for the guest, and what a host needs to end it by force. */
const SHUTDOWN = { name: 'shutdown', stepClass: 'idempotent', limitMs: 4 * 60_000 } as const
/** The availability manager acts on what it is asked within some rounds of 10 s. */
const OFF = { what: 'the machine to be off', limitMs: 3 * 60_000, everyMs: 1_000 }
/** A member that lost its leader finds another within seconds. */
const QUORUM = { what: 'enough healthy members of etcd', limitMs: 60_000, everyMs: 3_000 }
/** A boot with the firmware of a server, the images of static pods, and etcd catching up. */
const BACK = { what: 'the node to be back', limitMs: 8 * 60_000, everyMs: 2_000 }

/** Here a worker is drained one day; a control plane hands over what it leads. */
async function prepare(
  deps: HandlerDeps,
  input: Input,
  identity: ClientIdentity,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const { steps, signal } = context
  if (input.role === 'controlplane' && input.peers.length > 0) {
    context.progress('asking the other members')
    let healthyCount = 0
    const memberCount = input.peers.length + 1
    const borne = await waitFor(context, QUORUM, async () => {
      healthyCount = await countHealthy(deps, input, identity, signal)
      return ok(healthyCount >= Math.floor(memberCount / 2) + 1 ? true : undefined)
    })
    if (!borne.ok && borne.error.code === 'deadline-passed')
      return err(problem('etcd-quorum-at-risk', { name: input.name, healthyCount, memberCount }))
    if (!borne.ok) return borne
  }
  await withNode(deps, input.address, identity, async (node) => {
    const bootId = await node.bootId(signal)
    if (bootId.ok) {
      steps.intend(BOOT_STEP, 'read')
      steps.rememberHandle(BOOT_STEP, bootId.value)
    }
    if (input.role !== 'controlplane' || input.peers.length === 0) return
    steps.intend('hand-over', 'idempotent')
    const handed = await node.forfeitLeadership(signal)
    if (handed.ok) steps.done('hand-over')
  })
  return ok(undefined)
}

async function countHealthy(
  deps: HandlerDeps,
  { peers }: Input,
  identity: ClientIdentity,
  signal: AbortSignal,
): Promise<number> {
  const answers = await Promise.all(
    peers.map(({ address }) => withNode(deps, address, identity, (node) => node.etcdStatus(signal))),
  )
  return answers.filter((answer) => answer.ok && isHealthy(answer.value)).length
}

/** How etcd writes "nobody". */
const NO_LEADER = /^0*$/
const isHealthy = ({ leaderId, learner, errors }: EtcdStatus): boolean =>
  !NO_LEADER.test(leaderId) && !learner && errors.length === 0
type EtcdStatus = Extract<Awaited<ReturnType<TalosNode['etcdStatus']>>, { ok: true }>['value']

async function turnOff(
  { provider }: HandlerDeps,
  input: Input,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  const ref = { ...input, mac: input.hardware.nics[0]?.mac }
  context.progress('shutting down')
  const stopped = await runTaskStep(context, provider, SHUTDOWN, () => provider.startShutdown(ref))
  if (!stopped.ok) return stopped
  const off = await waitFor(context, OFF, async () => {
    const sight = await provider.look(ref)
    if (!sight.ok) return sight
    if (sight.value.state !== 'present') return err(problem('outcome-unknown', { state: sight.value.state }))
    return ok(sight.value.machine.running ? undefined : ('off' as const))
  })
  return off.ok ? ok(undefined) : off
}

/** Running and ready in another boot than before; a control plane is a healthy member again. */
async function waitUntilBack(
  deps: HandlerDeps,
  input: Input,
  identity: ClientIdentity,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  context.progress('waiting for the node')
  const before = context.steps.handleOf(BOOT_STEP) ?? ''
  const back = await waitFor(context, BACK, () =>
    withNode(deps, input.address, identity, async (node) => {
      const restart = await lookForRestart(node, before, context.signal)
      // A node that is still on its way up may not know its own authority yet.
      if (!restart.ok) return restart.error.code === 'node-unauthorized' ? ok(undefined) : restart
      if (restart.value.is !== 'done') return ok(undefined)
      if (input.role === 'worker') return ok(true as const)
      const etcd = await node.etcdStatus(context.signal)
      return ok(etcd.ok && isHealthy(etcd.value) ? (true as const) : undefined)
    }),
  )
  return back.ok ? ok(undefined) : back
}

async function withNode<T>(
  { talos }: HandlerDeps,
  address: string,
  identity: ClientIdentity,
  use: (node: TalosNode) => Promise<T>,
): Promise<T> {
  const node = talos.connect(address, identity)
  try {
    return await use(node)
  } finally {
    node.close()
  }
}
