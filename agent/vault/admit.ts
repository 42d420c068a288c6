import { err, ok, type Result } from '#core/base/result.ts'
import { sayProblem } from '#core/model/problem.ts'
import { PEERS_PATH, PeersResponse, SEALED_COPIES_PATH, type SealedCopyRequest } from '#core/protocol/admission.ts'
import { isOwnedBy } from '../identity/age-proof.ts'
import { readAdmitted, saveAdmitted } from './admitted.ts'
import { sealBundle } from './seal.ts'
import type { Vault } from './vault.ts'

/**
 * Another agent of the site is let in to the secrets, by the fingerprint that its owner typed on this machine: every
 * bundle is sealed anew for it, and later ones are sealed to it from the beginning. The cloud carries the ciphertext and
 * names keys; that a key is the other agent's own is proven by the fingerprint (K6).
 */
export interface Admission {
  readonly stateDir: string
  readonly vault: Vault
  /** Every bundle that this agent holds. */
  readonly bundles: () => readonly { readonly clusterUid: string; readonly version: number }[]
  /** Whom new bundles are sealed to; the newcomer is added to it. */
  readonly recipients: string[]
  /** A request to the relay in this agent's name; the error is a sentence. */
  readonly ask: (path: string, body?: SealedCopyRequest) => Promise<Result<unknown, string>>
}

/** How many bundles the newcomer can open now. Repeating is safe, and finishes what was cut off. */
export async function admitAgent(
  typed: string,
  { stateDir, vault, bundles, recipients, ask }: Admission,
): Promise<Result<number, string>> {
  const fingerprint = typed.toLowerCase()
  const answered = await ask(PEERS_PATH)
  if (!answered.ok) return answered
  const peers = PeersResponse.safeParse(answered.value)
  if (!peers.success) return err('the relay answered something else; is it another version?')
  const newcomer = peers.data.agents.find((peer) => isOwnedBy(fingerprint, peer))
  if (!newcomer)
    return err(
      `no approved agent of this site proves to have the fingerprint ${fingerprint}; read it where that agent runs (lanline-agent status), and approve it first`,
    )
  const { agentId, ageRecipient } = newcomer
  const known = readAdmitted(stateDir)
  if (!known.ok) return known
  // First for what is made from now on: then nothing is made in between that it could not open.
  const saved = saveAdmitted(stateDir, known.value, { agentId, fingerprint, ageRecipient })
  if (!saved.ok) return saved
  if (!recipients.includes(ageRecipient)) recipients.push(ageRecipient)

  const all = bundles()
  for (const { clusterUid, version } of all) {
    const bundle = await vault.bundle(clusterUid, version)
    if (!bundle.ok) return err(`a bundle of cluster ${clusterUid} cannot be opened here: ${sayProblem(bundle.error)}`)
    const ciphertext = await sealBundle(bundle.value.reveal(), recipients)
    const kept = await ask(SEALED_COPIES_PATH, { agentId, clusterUid, version, ciphertext })
    if (!kept.ok) return err(`${kept.error}; repeating is safe`)
  }
  return ok(all.length)
}
