import { err, ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { createSecretsBundle, type RandomBytes } from './create-bundle.ts'
import { openBundle, sealBundle } from './seal.ts'

/**
 * The cluster secrets of a site. On disk they are sealed; in the clear they exist only in this process's memory, wrapped
 * so that they cannot be printed. A bundle, once made, is never replaced: a new version has a new number.
 */
export interface Vault {
  /**
   * Makes and stores the secrets of a cluster; durable when it resolves. Problem `secrets-exist` (never): there is one
   * already, and `sealed` has it. Repeating after a crash is safe: look with `sealed` first.
   */
  create(clusterUid: string, version: number, contract?: TalosContract): Promise<Result<string, Problem>>
  /**
   * Takes in a ciphertext made elsewhere, after proof that this agent can open it. Storing the same one again is fine.
   * Problems: secrets-unreadable, secrets-exist (never; another ciphertext is stored).
   */
  adopt(clusterUid: string, version: number, sealed: string): Promise<Result<void, Problem>>
  /** The ciphertext, for the cloud to keep. */
  sealed(clusterUid: string, version: number): string | undefined
  /** Problems: secrets-missing (later; ask the cloud and `adopt`), secrets-unreadable (never). */
  bundle(clusterUid: string, version: number): Promise<Result<Secret<SecretsBundle>, Problem>>
}

/** Where ciphertexts are kept: the agent's journal. Both calls are durable and atomic when they return. */
export interface VaultStore {
  get(clusterUid: string, version: number): string | undefined
  /** Inserts, and answers what is stored afterwards: this ciphertext, or the one that was there before. */
  put(clusterUid: string, version: number, ciphertext: string): string
}

export interface VaultOptions {
  readonly store: VaultStore
  /** The agent's own age identity; opens what is sealed to it. */
  readonly identity: Secret<string>
  /** The agent itself and the keys given to it on its own site; never a key that came from the cloud. */
  readonly recipients: readonly string[]
  readonly now: () => number
  readonly random: RandomBytes
}

/** A site has a handful of clusters; beyond this the oldest is opened again when asked for. */
const MAX_CACHED = 32

export function openVault({ store, identity, recipients, now, random }: VaultOptions): Vault {
  const opened = new Map<string, Secret<SecretsBundle>>()

  function remember(clusterUid: string, version: number, bundle: SecretsBundle): Secret<SecretsBundle> {
    const [oldest] = opened.keys()
    if (opened.size >= MAX_CACHED && oldest !== undefined) opened.delete(oldest)
    const secret = new Secret(bundle)
    opened.set(keyOf(clusterUid, version), secret)
    return secret
  }

  const exists = (clusterUid: string, version: number) => err(problem('secrets-exist', { clusterUid, version }))

  return {
    async create(clusterUid, version, contract) {
      if (store.get(clusterUid, version) !== undefined) return exists(clusterUid, version)
      const bundle = await createSecretsBundle({ random, nowMs: now(), contract })
      const sealed = await sealBundle(bundle, recipients)
      // Another call may have been faster while keys were made; the first stored bundle counts.
      if (store.put(clusterUid, version, sealed) !== sealed) return exists(clusterUid, version)
      remember(clusterUid, version, bundle)
      return ok(sealed)
    },

    async adopt(clusterUid, version, sealed) {
      const bundle = await openBundle(sealed, identity)
      if (!bundle.ok) return bundle
      if (store.put(clusterUid, version, sealed) !== sealed) return exists(clusterUid, version)
      remember(clusterUid, version, bundle.value)
      return ok(undefined)
    },

    sealed: (clusterUid, version) => store.get(clusterUid, version),

    async bundle(clusterUid, version) {
      const cached = opened.get(keyOf(clusterUid, version))
      if (cached) return ok(cached)
      const sealed = store.get(clusterUid, version)
      if (sealed === undefined) return err(problem('secrets-missing', { clusterUid, version }))
      const bundle = await openBundle(sealed, identity)
      return bundle.ok ? ok(remember(clusterUid, version, bundle.value)) : bundle
    },
  }
}

const keyOf = (clusterUid: string, version: number): string => `${clusterUid}/${version}`
