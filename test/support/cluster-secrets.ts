import { ok } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import type { ClusterSecrets } from '#agent/operations/deps.ts'
import type { ClientIdentity } from '#agent/vault/client-identity.ts'
import { aBundle } from './talos-bundle.ts'

const identity: ClientIdentity = { ca: '', cert: '', key: new Secret(''), expiresAt: Number.MAX_SAFE_INTEGER }

/** A cluster whose bundle is at hand; for handlers whose nodes are in memory and ask for no certificate. */
export const secretsAtHand: ClusterSecrets = {
  recipients: [],
  ensureSealed: () => Promise.resolve(ok('sealed')),
  bundle: async () => ok(new Secret(await aBundle())),
  talosIdentity: () => Promise.resolve(ok(identity)),
  kubernetesIdentity: () => Promise.resolve(ok(identity)),
}
