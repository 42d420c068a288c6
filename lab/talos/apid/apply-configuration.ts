import { durationMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { asEncoded, diffText } from '../config/diff.ts'
import { whyNotLive } from '../config/live-changes.ts'
import { loadConfig } from '../config/load.ts'
import type { NodeConfig } from '../config/node-config.ts'
import { readConfig } from '../config/read-config.ts'
import { DURATION, goDuration } from '../durations.ts'
import type { TalosNode } from '../node.ts'
import { ApplyConfigurationRequest_Mode as Mode, type ApplyConfigurationRequest } from '../proto/machine_pb.js'
import { putStaticPods } from '../run-control-plane.ts'
import { registerNode } from '../run-configured.ts'
import { reboot } from '../sequences/power.ts'
import { applyInMaintenance } from './apply-in-maintenance.ts'
import { callerKey } from './roles.ts'
import { later, newActorId } from './wire.ts'

export type ApplyReply = { messages: [{ mode: Mode; modeDetails: string; warnings: string[] }] }

/** Mode TRY goes back after this long when the caller does not say. */
const TRY_MS = 60_000
const WITHOUT_REBOOT = 'Applied configuration without a reboot'

/**
 * ApplyConfiguration: reads and checks what it is given as strictly as Talos, then keeps it on disk before it answers.
 * In maintenance mode the node becomes a member of a cluster by it; afterwards it is an edit.
 */
export async function applyConfiguration(
  node: TalosNode,
  request: ApplyConfigurationRequest,
  context: HandlerContext,
): Promise<ApplyReply> {
  if (context.values.get(callerKey).maintenance) return applyInMaintenance(node, request)

  const { config: current, disk, edition } = node
  const source = Buffer.from(request.data).toString('utf8')
  if (request.mode === Mode.REBOOT && !edition.takesModeReboot)
    throw new ConnectError(
      'the REBOOT mode is not supported, please use AUTO or NO_REBOOT modes instead',
      Code.Unimplemented,
    )
  const read = readConfig(source, edition, node.world.time.now())
  if (!read.ok) throw new ConnectError(read.error, Code.InvalidArgument)
  const { loaded, config } = read.value
  if (!current || !disk) throw new ConnectError('the node is not configured', Code.FailedPrecondition)
  if (current.type !== config.type || current.clusterId !== config.clusterId)
    throw new ConnectError('machine type and cluster cannot be changed on a running node', Code.InvalidArgument)
  if (node.stage === 'rebooting' || node.stage === 'upgrading' || node.stage === 'resetting')
    throw new ConnectError('another apply configuration is already in progress', Code.FailedPrecondition)

  const before = loadConfig(current.source, edition)
  const stuck = edition.changesMayNeedReboot && before.ok ? whyNotLive(before.value, loaded) : undefined
  const plan = planOf(request, stuck)
  if (request.dryRun) {
    const diff = diffText(asEncoded(current.source), asEncoded(source)) || 'No changes.'
    return reply(plan.mode, `Dry run summary:\n${plan.details} (skipped in dry-run).\nConfig diff:\n\n${diff}`)
  }
  node.journal.kernel(`[talos] apply config request: mode ${Mode[request.mode].toLowerCase()}`)
  switch (plan.mode) {
    case Mode.STAGED:
      disk.staged = source
      node.changed()
      break
    case Mode.REBOOT:
      disk.config = source
      later(() => reboot(node, newActorId()))
      break
    case Mode.TRY:
      await adopt(node, config, false)
      goBackAfter(node, config, current, tryMs(request))
      break
    default:
      await adopt(node, config, true)
  }
  return reply(plan.mode, `${plan.details}${plan.why ?? ''}`)
}

interface Plan {
  readonly mode: Mode
  readonly details: string
  /** Why AUTO became a reboot; a dry run does not say so. */
  readonly why?: string
}

/** What becomes of the request: AUTO becomes one of the others, and what a running node cannot take is refused. */
function planOf(request: ApplyConfigurationRequest, stuck: string | undefined): Plan {
  switch (request.mode) {
    case Mode.TRY:
    case Mode.NO_REBOOT: {
      if (stuck !== undefined) throw new ConnectError(stuck, Code.InvalidArgument)
      const reverted = `The config is applied in 'try' mode and will be automatically reverted back in ${goDuration(tryMs(request))}`
      return {
        mode: request.mode,
        details: request.mode === Mode.TRY ? `${WITHOUT_REBOOT}\n${reverted}` : WITHOUT_REBOOT,
      }
    }
    case Mode.STAGED:
      return { mode: Mode.STAGED, details: 'Staged configuration to be applied after the next reboot' }
    case Mode.REBOOT:
      return { mode: Mode.REBOOT, details: 'Applied configuration with a reboot' }
    case Mode.AUTO:
      return stuck === undefined
        ? { mode: Mode.NO_REBOOT, details: WITHOUT_REBOOT }
        : { mode: Mode.REBOOT, details: 'Applied configuration with a reboot', why: `: ${stuck}` }
    default:
      throw new ConnectError(
        `incorrect mode '${String(request.mode)}' specified for the apply config call`,
        Code.InvalidArgument,
      )
  }
}

const tryMs = (request: ApplyConfigurationRequest): number =>
  request.tryModeTimeout ? durationMs(request.tryModeTimeout) : TRY_MS

export const reply = (mode: Mode, modeDetails: string): ApplyReply => ({
  messages: [{ mode, modeDetails, warnings: [] }],
})

/** The configuration of before comes back, unless another one was applied meanwhile. */
function goBackAfter(node: TalosNode, tried: NodeConfig, before: NodeConfig, ms: number): void {
  const { signal } = node
  void node.world.time.pass(ms, signal).then(async () => {
    if (!signal.aborted && node.config === tried) await adopt(node, before, false)
  })
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
