import type { Result } from '#core/base/result.ts'
import { ADMIN_GROUP } from '#core/talos/cluster-access.ts'
import { ok } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import { mintKubernetesClient, mintTalosClient } from '../vault/mint.ts'
import type { Vault } from '../vault/vault.ts'

/** The certificates with which the agent looks at clusters: minted when needed, from its own vault, short-lived. */
export interface ReaderIdentities {
  talos(clusterUid: string, version: number): Promise<Result<ClientIdentity, Problem>>
  kubernetes(clusterUid: string, version: number): Promise<Result<ClientIdentity, Problem>>
}

/** Signing takes milliseconds, so a stolen memory image should not be worth much for long. */
const TTL_MS = 60 * 60_000
/** Renewed at half of its life, so that no clock skew below 30 minutes ever matters. */
const RENEW_MS = TTL_MS / 2

export function createReaderIdentities(vault: Vault, now: () => number): ReaderIdentities {
  const minted = new Map<string, ClientIdentity>()

  async function identityOf(
    kind: 'talos' | 'kubernetes',
    clusterUid: string,
    version: number,
  ): Promise<Result<ClientIdentity, Problem>> {
    const key = `${kind} ${clusterUid}`
    const known = minted.get(`${key} ${version}`)
    if (known && known.expiresAt - now() > RENEW_MS) return ok(known)
    const bundle = await vault.bundle(clusterUid, version)
    if (!bundle.ok) return bundle
    const secrets = bundle.value.reveal()
    const identity = await (kind === 'talos'
      ? mintTalosClient(secrets, ['os:reader'], TTL_MS, now())
      : mintKubernetesClient(secrets, { user: 'lanline-agent', groups: [ADMIN_GROUP] }, TTL_MS, now()))
    // One per cluster and kind: what came before is of no use to anyone.
    for (const old of minted.keys()) if (old.startsWith(`${key} `)) minted.delete(old)
    minted.set(`${key} ${version}`, identity)
    return ok(identity)
  }

  return {
    talos: (clusterUid, version) => identityOf('talos', clusterUid, version),
    kubernetes: (clusterUid, version) => identityOf('kubernetes', clusterUid, version),
  }
}
