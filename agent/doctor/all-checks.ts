import type { Check } from './check.ts'
import { bridgeCheck } from './checks/bridges.ts'
import { clockCheck } from './checks/clocks.ts'
import { configurationCheck } from './checks/configuration.ts'
import { duplicateCheck } from './checks/duplicates.ts'
import { endpointCheck } from './checks/endpoints.ts'
import { foreignVmidCheck } from './checks/foreign-vmids.ts'
import { guestFirewallCheck } from './checks/guest-firewall.ts'
import { guestLockCheck } from './checks/guest-locks.ts'
import { hostTunnelCheck } from './checks/host-tunnel.ts'
import { factoryCheck } from './checks/image-factory.ts'
import { journalCheck } from './checks/journal.ts'
import { leftoverCheck } from './checks/leftovers.ts'
import { mappingCheck } from './checks/mappings.ts'
import { ownFileCheck } from './checks/own-files.ts'
import { privilegeCheck } from './checks/privileges.ts'
import { processorCheck } from './checks/processors.ts'
import { quorumCheck } from './checks/quorum.ts'
import { relayCheck } from './checks/relay.ts'
import { rootSpaceCheck } from './checks/root-space.ts'
import { sameClusterCheck } from './checks/same-cluster.ts'
import { serviceCheck } from './checks/service.ts'
import { stagedNetworkCheck } from './checks/staged-network.ts'
import { storageSpaceCheck } from './checks/storage-space.ts'
import { storageCheck } from './checks/storages.ts'
import { tagCheck } from './checks/tags.ts'
import { tokenCheck } from './checks/token.ts'
import { versionCheck } from './checks/version.ts'
import type { OwnLook } from './own-look.ts'
import type { SiteLook } from './site-look.ts'

/** Every check, in the order in which findings are told: what others depend on comes first. */
export const OWN_CHECKS: readonly Check<OwnLook>[] = [
  configurationCheck,
  ownFileCheck,
  journalCheck,
  serviceCheck,
  relayCheck,
]

export const SITE_CHECKS: readonly Check<SiteLook>[] = [
  endpointCheck,
  sameClusterCheck,
  tokenCheck,
  privilegeCheck,
  versionCheck,
  quorumCheck,
  clockCheck,
  processorCheck,
  storageCheck,
  storageSpaceCheck,
  rootSpaceCheck,
  bridgeCheck,
  stagedNetworkCheck,
  factoryCheck,
  tagCheck,
  mappingCheck,
  foreignVmidCheck,
  duplicateCheck,
  guestLockCheck,
  guestFirewallCheck,
  hostTunnelCheck,
  leftoverCheck,
]
