import type { OperationKind } from '#core/model/operation.ts'
import { checkCluster } from './cluster-check.ts'
import type { HandlerDeps } from './deps.ts'
import { bootstrapEtcd } from './etcd-bootstrap.ts'
import type { OperationHandler } from './handler.ts'
import { ensureImage } from './image-ensure.ts'
import { configureMachine } from './machine-configure.ts'
import { createMachine } from './machine-create.ts'
import { removeMachine } from './machine-remove.ts'
import { resizeMachine } from './machine-resize.ts'
import { startMachine } from './machine-start.ts'
import { createSecrets } from './secrets-create.ts'

export type Handlers = { readonly [K in OperationKind]: OperationHandler<K> }

/** One handler per kind: a kind without one does not compile. */
export const createHandlers = (deps: HandlerDeps): Handlers => ({
  'secrets.create': createSecrets(deps),
  'image.ensure': ensureImage(deps),
  'machine.create': createMachine(deps),
  'machine.start': startMachine(deps),
  'machine.resize': resizeMachine(deps),
  'machine.configure': configureMachine(deps),
  'etcd.bootstrap': bootstrapEtcd(deps),
  'cluster.check': checkCluster(deps),
  'machine.remove': removeMachine(deps),
})
