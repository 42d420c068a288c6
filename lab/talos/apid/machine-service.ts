import { Code, ConnectError, type ConnectRouter, type ServiceImpl } from '@connectrpc/connect'
import type { TalosNode } from '../node.ts'
import { MachineService } from '../proto/machine_pb.js'
import { reboot, turnOff } from '../sequences/power.ts'
import { applyConfiguration } from './apply-configuration.ts'
import { bootstrap } from './bootstrap.ts'
import { clientConfiguration } from './client-configuration.ts'
import { etcdMethods } from './etcd-service.ts'
import { fileMethods } from './file-methods.ts'
import { kubeconfigArchive } from './kubeconfig.ts'
import { journalMethods } from './journal-methods.ts'
import { legacyImageMethods } from './legacy-image-methods.ts'
import { metaMethods } from './meta-methods.ts'
import { reset } from './reset.ts'
import { serviceMethods } from './service-methods.ts'
import { statisticsMethods } from './statistics-methods.ts'
import { rollback, upgrade } from './upgrade.ts'
import { inChunks, later, newActorId } from './wire.ts'
import { version } from './version.ts'

export type MachineMethods = Partial<ServiceImpl<typeof MachineService>>

/** A kubeconfig goes in pieces of this size, as a real node streams it. */
const CHUNK_BYTES = 1024

/** The machine API of one node. Answers have one item; who speaks for several nodes is ./forward.ts. */
export function machineService(router: ConnectRouter, node: TalosNode): void {
  router.service(MachineService, {
    ...etcdMethods(node),
    ...fileMethods(node),
    ...journalMethods(node),
    ...legacyImageMethods(node),
    ...metaMethods(node),
    ...serviceMethods(node),
    ...statisticsMethods(node),
    applyConfiguration: (request, context) => applyConfiguration(node, request, context),
    bootstrap: (request) => bootstrap(node, request),
    generateClientConfiguration: (request) => clientConfiguration(node, request),
    hostname: () => ({ messages: [{ hostname: node.hostname }] }),
    reset: (request) => reset(node, request),
    upgrade: (request) => upgrade(node, request),
    rollback: () => rollback(node),
    reboot() {
      const actorId = newActorId()
      later(() => reboot(node, actorId))
      return { messages: [{ actorId }] }
    },
    shutdown() {
      const actorId = newActorId()
      later(() => turnOff(node, actorId))
      return { messages: [{ actorId }] }
    },
    version: () => version(node),
    async *kubeconfig() {
      if (!node.config?.controlPlane)
        throw new ConnectError('kubeconfig is only available on control plane nodes', Code.FailedPrecondition)
      yield* inChunks(await kubeconfigArchive(node), CHUNK_BYTES)
    },
  })
}

/** All that Talos 1.12 answers in maintenance mode: it takes a configuration, and nothing else of the machine API. */
export function maintenanceService(router: ConnectRouter, node: TalosNode): void {
  const refuse = () => {
    throw new ConnectError('API is not implemented in maintenance mode', Code.Unimplemented)
  }
  router.service(MachineService, {
    applyConfiguration: (request, context) => applyConfiguration(node, request, context),
    generateClientConfiguration() {
      throw new ConnectError(
        "client configuration (talosconfig) can't be generated in the maintenance mode",
        Code.Unimplemented,
      )
    },
    version: refuse,
    upgrade: refuse,
    reset: refuse,
    metaWrite: refuse,
    metaDelete: refuse,
  })
}
