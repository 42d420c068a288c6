import type { Route } from '../route.ts'
import { accessRoutes } from './access.ts'
import { clusterRoutes } from './cluster.ts'
import { datacenterRoutes } from './datacenter.ts'
import { firewallRoutes } from './firewall.ts'
import { hardwareRoutes } from './hardware.ts'
import { containerRoutes } from './lxc.ts'
import { roleRoutes } from './roles.ts'
import { pageRoutes } from './pages.ts'
import { userRoutes } from './users.ts'
import { haRoutes } from './high-availability.ts'
import { agentRoutes } from './agent.ts'
import { snapshotRoutes } from './snapshots.ts'
import { wholeGuestRoutes } from './whole-guest.ts'
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
  ...datacenterRoutes,
  ...firewallRoutes,
  ...accessRoutes,
  ...roleRoutes,
  ...poolRoutes,
  ...storageRoutes,
  ...storageContentRoutes,
  ...nodeRoutes,
  ...networkRoutes,
  ...hardwareRoutes,
  ...taskRoutes,
  ...qemuRoutes,
  ...powerRoutes,
  ...snapshotRoutes,
  ...wholeGuestRoutes,
  ...agentRoutes,
  ...haRoutes,
  ...userRoutes,
  ...pageRoutes,
  ...containerRoutes,
]
