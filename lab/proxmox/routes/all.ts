import type { Route } from '../route.ts'
import { accessRoutes } from './access.ts'
import { clusterRoutes } from './cluster.ts'
import { networkRoutes } from './network.ts'
import { nodeRoutes } from './nodes.ts'
import { poolRoutes } from './pools.ts'
import { powerRoutes } from './power.ts'
import { qemuRoutes } from './qemu.ts'
import { storageContentRoutes } from './storage-content.ts'
import { storageRoutes } from './storage.ts'
import { taskRoutes } from './tasks.ts'

/** Everything the simulated host answers, but for the login, which belongs to the HTTP door. */
export const ROUTES: readonly Route[] = [
  ...clusterRoutes,
  ...accessRoutes,
  ...poolRoutes,
  ...storageRoutes,
  ...storageContentRoutes,
  ...nodeRoutes,
  ...networkRoutes,
  ...taskRoutes,
  ...qemuRoutes,
  ...powerRoutes,
]
