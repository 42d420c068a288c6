import { readFile, stat } from 'node:fs/promises'
import { ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'

/** The owner's recovery identity, to open what the cloud keeps without being able to read it. */
export async function readRecoveryIdentity(path: string): Promise<Result<Secret<string>, Failure>> {
  const mode = await stat(path).then(
    (found) => found.mode,
    () => undefined,
  )
  if (mode === undefined)
    return fail(EXIT.failed, `The recovery key ${path} is not there.`, 'Name it with --recovery-key FILE.')
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    return fail(EXIT.failed, `${path} can be read by others. If nobody else had it, run: chmod 600 ${path}`)
  const text = await readFile(path, 'utf8')
  const identity = text.split('\n').find((line) => line.startsWith('AGE-SECRET-KEY-1'))
  return identity === undefined ? fail(EXIT.failed, `${path} holds no age identity.`) : ok(new Secret(identity.trim()))
}

/** A bundle in the clear, in this process's memory. The failure says whose ciphertext cannot be opened. */
export async function openSealed(
  name: string,
  ciphertext: string,
  identity: Secret<string>,
): Promise<Result<SecretsBundle, Failure>> {
  // Loaded here, because no other command needs the library.
  const { openBundle } = await import('#agent/vault/seal.ts')
  const opened = await openBundle(ciphertext, identity)
  if (opened.ok) return opened
  const reason = String(opened.error.facts['reason'] ?? opened.error.code).replaceAll('-', ' ')
  return fail(EXIT.failed, `The secrets of ${name} do not open with this recovery key: ${reason}.`)
}
