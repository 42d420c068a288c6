import { isDeepStrictEqual } from 'node:util'
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import type { NodeConfig } from '../config/node-config.ts'
import { readConfig } from '../config/read-config.ts'
import { isRecord } from '../config/shape.ts'
import type { TalosNode } from '../node.ts'
import { ApplyConfigurationRequest_Mode as Mode, type ApplyConfigurationRequest } from '../proto/machine_pb.js'
import { putStaticPods } from '../run-control-plane.ts'
import { registerNode } from '../run-configured.ts'
import { callerKey } from './roles.ts'
import { later } from './machine-service.ts'
import { DURATION } from '../durations.ts'

type Reply = { messages: [{ mode: Mode; modeDetails: string; warnings: string[] }] }

/** Mode TRY goes back after this long when the caller does not say. */
const TRY_MS = 60_000
/** Keys of `machine` that Talos 1.13 changes without a reboot; documents and `cluster` all are. */
const LIVE_MACHINE_KEYS: ReadonlySet<string> = new Set([
  'ca',
  'acceptedCAs',
  'certSANs',
  'install',
  'sysfs',
  'sysctls',
  'logging',
  'controlPlane',
  'kubelet',
  'kernel',
  'pods',
  'seccompProfiles',
  'nodeLabels',
  'nodeAnnotations',
  'nodeTaints',
  'features',
])

/**
 * ApplyConfiguration: reads and checks what it is given as strictly as Talos, then keeps it on disk before it answers.
 * In maintenance mode the node becomes a member of a cluster by it; afterwards it is an edit.
 */
export async function applyConfiguration(
  node: TalosNode,
  request: ApplyConfigurationRequest,
  context: HandlerContext,
): Promise<Reply> {
  const source = Buffer.from(request.data).toString('utf8')
  const read = readConfig(source, node.world.time.now())
  if (!read.ok) throw new ConnectError(read.error, Code.InvalidArgument)
  const { loaded, config } = read.value
  if (context.values.get(callerKey).maintenance) return applyInMaintenance(node, request, config)

  const current = node.config
  if (!current || !node.disk) throw new ConnectError('the node is not configured', Code.FailedPrecondition)
  if (current.type !== config.type || current.clusterId !== config.clusterId)
    throw new ConnectError('machine type and cluster cannot be changed on a running node', Code.InvalidArgument)
  const stuck = rebootReason(loadConfig(current.source), loaded)
  switch (request.mode) {
    case Mode.NO_REBOOT:
    case Mode.TRY:
      if (stuck !== undefined)
        throw new ConnectError(
          `this config change can't be applied in immediate mode\ndiff: ${stuck}`,
          Code.InvalidArgument,
        )
      break
    case Mode.AUTO:
    case Mode.STAGED:
    case Mode.REBOOT:
      break
    default:
      throw new ConnectError(`mode ${String(request.mode)} is unknown`, Code.InvalidArgument)
  }
  const reboots = request.mode === Mode.REBOOT || (request.mode === Mode.AUTO && stuck !== undefined)
  if (request.dryRun)
    return reply(
      request.mode,
      `Dry run summary:\n${current.source === source ? 'No changes.' : (stuck ?? 'Applied without a reboot.')}`,
    )
  if (request.mode === Mode.STAGED) {
    node.disk.staged = source
    node.changed()
    return reply(Mode.STAGED, 'Staged configuration to be applied after the next reboot')
  }
  if (reboots) {
    node.disk.config = source
    later(() => node.reboot())
    return reply(Mode.REBOOT, 'Applied configuration with a reboot')
  }
  await adopt(node, config, request.mode !== Mode.TRY)
  if (request.mode === Mode.TRY) {
    const timeout = request.tryModeTimeout ? Number(request.tryModeTimeout.seconds) * 1000 : TRY_MS
    const { signal } = node
    void node.world.time.pass(timeout, signal).then(async () => {
      if (!signal.aborted && node.config === config) await adopt(node, current, false)
    })
    return reply(Mode.TRY, 'Applied configuration in try mode')
  }
  return reply(Mode.NO_REBOOT, 'Applied configuration without a reboot')
}

function applyInMaintenance(node: TalosNode, request: ApplyConfigurationRequest, config: NodeConfig): Reply {
  if (request.mode === Mode.NO_REBOOT || request.mode === Mode.STAGED)
    throw new ConnectError(
      `apply configuration mode ${Mode[request.mode]} is not supported in maintenance mode`,
      Code.InvalidArgument,
    )
  if (request.dryRun)
    return reply(request.mode, 'Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).')
  if (node.stage !== 'maintenance')
    throw new ConnectError('another apply configuration is already in progress', Code.FailedPrecondition)
  node.takeConfig(config)
  return reply(Mode.NO_REBOOT, 'Applied configuration without a reboot')
}

const reply = (mode: Mode, modeDetails: string): Reply => ({ messages: [{ mode, modeDetails, warnings: [] }] })

/** The first changed field that a running node cannot take over, if any. */
function rebootReason(before: ReturnType<typeof loadConfig>, after: LoadedConfig): string | undefined {
  const machineOf = (loaded: LoadedConfig) => (isRecord(loaded.v1alpha1?.['machine']) ? loaded.v1alpha1['machine'] : {})
  const old = before.ok ? machineOf(before.value) : {}
  const next = machineOf(after)
  return [...new Set([...Object.keys(old), ...Object.keys(next)])]
    .filter((key) => !LIVE_MACHINE_KEYS.has(key))
    .filter((key) => !isDeepStrictEqual(old[key], next[key]))
    .map((key) => `machine.${key}`)[0]
}

/** Takes a configuration over while running: names, addresses and certificates at once, images after a restart. */
async function adopt(node: TalosNode, config: NodeConfig, persist: boolean): Promise<void> {
  await node.adoptConfig(config, persist)
  const { signal, world } = node
  void world.time.pass(DURATION.staticPodRestart, signal).then(() => {
    if (signal.aborted || node.config !== config) return
    if (config.controlPlane && node.apiServer) putStaticPods(node, config.controlPlane)
    if (!node.nodeReady) return
    registerNode(node)
    node.cluster?.kubernetes.setReadiness(node.hostname, { status: 'True' })
  })
}
