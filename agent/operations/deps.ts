import type { Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import type { Problem } from '#core/model/problem.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import type { Schematic } from '#core/talos/schematic.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import type { KubernetesClient } from '../kubernetes/client.ts'
import type { Provider } from '../providers/provider.ts'
import type { NodePresence } from '../talos/probe.ts'
import type { TalosNode } from '../talos/node.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'

/** Everything handlers reach outside themselves. Each is a port, so that a test can stand between a handler and its effects. */
export interface HandlerDeps {
  readonly provider: Provider
  readonly secrets: ClusterSecrets
  readonly talos: TalosDoor
  readonly kubernetes: KubernetesDoor
  readonly factory: ImageFactory
  readonly addresses: AddressProbe
  readonly configured: ConfirmedConfigs
}

/** Secrets of clusters, wherever they are: here, or sealed in the cloud. */
export interface ClusterSecrets {
  /** Public keys that a new bundle is sealed to: this agent's and those given to it on its own site. */
  readonly recipients: readonly string[]
  /** The sealed bundle that counts; made in the cluster's contract and stored before it is answered, never made twice. */
  ensureSealed(clusterUid: string, version: number, contract?: TalosContract): Promise<Result<string, Problem>>
  /** Problems: secrets-missing (later; neither here nor in the cloud), secrets-unreadable (never). */
  bundle(clusterUid: string, version: number): Promise<Result<Secret<SecretsBundle>, Problem>>
  /** An administrator of the cluster's Talos API, for the length of one operation. */
  talosIdentity(clusterUid: string, version: number): Promise<Result<ClientIdentity, Problem>>
  /** An administrator of its Kubernetes API, likewise. */
  kubernetesIdentity(clusterUid: string, version: number): Promise<Result<ClientIdentity, Problem>>
}

export interface TalosDoor {
  /**
   * Opens nothing yet; close it when done. With a `machineId` no configuration is sent to any other machine that answers
   * there.
   */
  connect(address: string, credentials: ClientIdentity | 'maintenance', machineId?: string): TalosNode
  probe(address: string, credentials: ClientIdentity | undefined, signal: AbortSignal): Promise<NodePresence>
}

export interface KubernetesDoor {
  connect(server: string, identity: ClientIdentity): KubernetesClient
}

export interface ImageFactory {
  /** Where nodes fetch their installer, as in `factory.talos.dev`. */
  readonly host: string
  /** The factory serves only schematics it was told once. Answers the id. Problem: factory-unreachable (later). */
  register(schematic: Schematic): Promise<Result<string, Problem>>
  /** Where a host can fetch an image, by the factory's name for the file; the plain disk image unless told otherwise. */
  imageUrl(schematicId: string, talosVersion: string, file?: string): string
}

export interface AddressProbe {
  /** A TCP port that somebody listens on at the address; undefined when nobody answers on any we try. */
  findListener(address: string, signal: AbortSignal): Promise<number | undefined>
}

/** What nodes confirmed when they were configured. */
export interface ConfirmedConfigs {
  find(machineId: string): { readonly intentHash: string; readonly configToken: string } | undefined
}
