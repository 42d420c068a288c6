import { armor, Decrypter, Encrypter } from 'age-encryption'
import { invariant } from '#core/base/invariant.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { formatSecretsBundle, parseSecretsBundle, type SecretsBundle } from '#core/talos/secrets-bundle.ts'

/** Bundles at rest and on the wire: age files in ASCII armor, which the plain `age` tool opens too. */

/** Armour adds a third and each recipient some hundred bytes; a frame to the cloud takes no more either. */
export const MAX_SEALED_CHARS = 64 * 1024
/** The agent itself, a second agent, and recovery keys. */
export const MAX_RECIPIENTS = 16

/** Whether a text is a public age key that `sealBundle` takes. */
export function isRecipient(text: string): boolean {
  try {
    new Encrypter().addRecipient(text)
    return text.startsWith('age1')
  } catch {
    return false
  }
}

/** Seals to the given recipients and to nobody else; each of them opens it alone. */
export async function sealBundle(bundle: SecretsBundle, recipients: readonly string[]): Promise<string> {
  invariant(recipients.length > 0 && recipients.length <= MAX_RECIPIENTS, 'a bundle is sealed to 1 to 16 recipients')
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  return armor.encode(await encrypter.encrypt(formatSecretsBundle(bundle)))
}

/** Problem `secrets-unreadable`: sealed for somebody else, damaged, or not a bundle. */
export async function openBundle(sealed: string, identity: Secret<string>): Promise<Result<SecretsBundle, Problem>> {
  if (sealed.length > MAX_SEALED_CHARS) return err(problem('secrets-unreadable', { reason: 'too-large' }))
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity.reveal())
  let opened: Result<string, Problem>
  try {
    opened = ok(await decrypter.decrypt(armor.decode(sealed), 'text'))
  } catch {
    opened = err(problem('secrets-unreadable', { reason: 'not-for-this-key-or-damaged' }))
  }
  return opened.ok ? parseSecretsBundle(opened.value) : opened
}
