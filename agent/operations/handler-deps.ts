import type { Clock } from '#core/base/clock.ts'
import type { Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import type { Dialer } from '../dialer.ts'
import { kubernetesClient } from '../kubernetes/client.ts'
import type { Provider } from '../providers/provider.ts'
import { talosNode } from '../talos/grpc-node.ts'
import { probeNode } from '../talos/probe.ts'
import type { Vault } from '../vault/vault.ts'
import { createAddressProbe } from './address-probe.ts'
import { createClusterSecrets } from './cluster-secrets.ts'
import type { ConfirmedConfigs, HandlerDeps } from './deps.ts'
import { createImageFactory } from './image-factory.ts'

export interface HandlerDepsOptions {
  readonly provider: Provider
  readonly dialer: Dialer
  readonly vault: Vault
  /** Public keys a new bundle is sealed to; the same as the vault's. */
  readonly recipients: readonly string[]
  /** The sealed bundle as the cloud holds it (`secrets.get`); undefined when the cloud has none. */
  readonly recall: (clusterUid: string, version: number) => Promise<Result<string | undefined, Problem>>
  readonly configured: ConfirmedConfigs
  /** As in `https://factory.talos.dev`. */
  readonly imageFactoryUrl: string
  readonly clock: Clock
}

/** The real things behind the ports of handlers; all of them reach the LAN through the one dialer. */
export const createHandlerDeps = (options: HandlerDepsOptions): HandlerDeps => {
  const { provider, dialer, configured, clock } = options
  return {
    provider,
    configured,
    secrets: createClusterSecrets(options),
    talos: {
      connect: (address, credentials, uuid) => talosNode({ dialer, address, credentials, uuid, clock }),
      probe: (address, credentials, signal) => probeNode({ dialer, address, credentials, signal }),
    },
    kubernetes: { connect: (server, identity) => kubernetesClient({ dialer, server, identity }) },
    factory: createImageFactory(dialer, options.imageFactoryUrl),
    addresses: createAddressProbe(dialer),
  }
}
