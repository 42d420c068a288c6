import { Code, ConnectError } from '@connectrpc/connect'
import { readConfig } from '../config/read-config.ts'
import type { TalosNode } from '../node.ts'
import { ApplyConfigurationRequest_Mode as Mode, type ApplyConfigurationRequest } from '../proto/machine_pb.js'
import { reply, type ApplyReply } from './apply-configuration.ts'

/** The modes that the maintenance service of Talos up to 1.12 takes. */
const OWN_SERVICE_MODES: ReadonlySet<Mode> = new Set([Mode.REBOOT, Mode.AUTO, Mode.TRY])

/** A node without a configuration gets one: it is checked, kept, and the node leaves maintenance mode with it. */
export function applyInMaintenance(node: TalosNode, request: ApplyConfigurationRequest): ApplyReply {
  const { disk, edition, stage } = node
  const ownService = edition.maintenance === 'own-service'
  if (ownService && !OWN_SERVICE_MODES.has(request.mode))
    throw new ConnectError(
      `apply configuration --mode='${Mode[request.mode].toLowerCase().replaceAll('_', '-')}' is not supported in maintenance mode`,
      Code.Unimplemented,
    )
  const source = Buffer.from(request.data).toString('utf8')
  const read = readConfig(source, edition, node.world.time.now())
  if (!read.ok) throw new ConnectError(read.error, Code.InvalidArgument)
  // A reply of the older service says nothing of what it did.
  const answer = (mode: Mode, details: string) => (ownService ? reply(Mode.REBOOT, '') : reply(mode, details))
  if (request.dryRun)
    return reply(
      ownService ? Mode.REBOOT : Mode.NO_REBOOT,
      ownService
        ? 'Dry run summary:\nNode is running in maintenance mode and does not have a config yet.'
        : 'Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n\nNo changes.',
    )
  if (stage !== 'maintenance' || node.pendingConfig)
    throw new ConnectError('another apply configuration is already in progress', Code.FailedPrecondition)
  node.journal.kernel(`[talos] apply config request: mode ${Mode[request.mode].toLowerCase()}`)
  if (request.mode === Mode.STAGED) {
    if (disk) disk.config = source
    return reply(Mode.STAGED, 'Staged configuration to be applied after the next reboot')
  }
  node.takeConfig(read.value.config)
  return answer(Mode.NO_REBOOT, 'Applied configuration without a reboot')
}
