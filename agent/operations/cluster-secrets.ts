import type { Clock } from '#core/base/clock.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { ADMIN_GROUP } from '#core/talos/cluster-access.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { mintKubernetesClient, mintTalosClient } from '../vault/mint.ts'
import type { Vault } from '../vault/vault.ts'
import type { ClusterSecrets } from './deps.ts'

/**
 * The secrets of clusters: from the vault, and when the vault misses them, from the sealed copy that the cloud keeps.
 *
 *   O21  A second bundle is never made where a first one exists, here or in the cloud.
 */
export interface ClusterSecretsOptions {
  readonly vault: Vault
  readonly recipients: readonly string[]
  /** The sealed bundle as the cloud holds it; undefined when the cloud has none. Problem when it cannot be asked. */
  readonly recall: (clusterUid: string, version: number) => Promise<Result<string | undefined, Problem>>
  readonly clock: Clock
}

/** Longer than any operation may take. */
const IDENTITY_TTL_MS = 60 * 60_000
/** The agent's own certificate, which never leaves this process. */
const KUBERNETES_USER = { user: 'lanline-agent', groups: [ADMIN_GROUP] }

export function createClusterSecrets({ vault, recipients, recall, clock }: ClusterSecretsOptions): ClusterSecrets {
  /** Brings the cloud's copy into the vault. Answers whether there is one. */
  async function bringHome(clusterUid: string, version: number): Promise<Result<boolean, Problem>> {
    const sealed = await recall(clusterUid, version)
    if (!sealed.ok) return sealed
    if (sealed.value === undefined) return ok(false)
    const adopted = await vault.adopt(clusterUid, version, sealed.value)
    return adopted.ok ? ok(true) : adopted
  }

  async function bundle(clusterUid: string, version: number): Promise<Result<Secret<SecretsBundle>, Problem>> {
    const here = await vault.bundle(clusterUid, version)
    if (here.ok || here.error.code !== 'secrets-missing') return here
    const brought = await bringHome(clusterUid, version)
    if (!brought.ok) return brought
    return brought.value ? vault.bundle(clusterUid, version) : here
  }

  return {
    recipients,
    async ensureSealed(clusterUid, version, contract) {
      if (vault.sealed(clusterUid, version) === undefined) {
        const brought = await bringHome(clusterUid, version)
        if (!brought.ok) return brought
        const made = brought.value ? undefined : await vault.create(clusterUid, version, contract)
        if (made && !made.ok && made.error.code !== 'secrets-exist') return made
      }
      const sealed = vault.sealed(clusterUid, version)
      return sealed === undefined ? err(problem('secrets-missing', { clusterUid, version })) : ok(sealed)
    },
    bundle,
    async talosIdentity(clusterUid, version) {
      const opened = await bundle(clusterUid, version)
      if (!opened.ok) return opened
      return ok(await mintTalosClient(opened.value.reveal(), ['os:admin'], IDENTITY_TTL_MS, clock.now()))
    },
    async kubernetesIdentity(clusterUid, version) {
      const opened = await bundle(clusterUid, version)
      if (!opened.ok) return opened
      return ok(await mintKubernetesClient(opened.value.reveal(), KUBERNETES_USER, IDENTITY_TTL_MS, clock.now()))
    },
  }
}
