import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SignJWT } from 'jose'
import { err, ok, type Result } from '#core/base/result.ts'
import { OWNER_ASSERTION_TTL_S, OWNER_ISSUER, OWNER_SUBJECT } from '#core/protocol/owner-assertion.ts'

/**
 * The owner's own key: agents that were given its public half at enrolment believe what it signs, without any provider
 * and whatever the cloud says. It is made on the owner's machine and never leaves it.
 */
export interface OwnerKey {
  readonly path: string
  /** base64url of the raw 32 bytes: what `lanline-agent enroll --owner-key` takes. */
  readonly publicKey: string
  readonly signingKey: KeyObject
  readonly made: boolean
}

export const ownerKeyPath = (folder: string, name: string): string => join(folder, `owner-${name}.pem`)

/** Reads the key, or makes it: file mode 0600, folder 0700. An existing file is never changed. */
export async function ensureOwnerKey(path: string): Promise<Result<OwnerKey, string>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const { privateKey } = generateKeyPairSync('ed25519')
  try {
    // Exclusive: of two runs at once, one makes the key and the other reads it.
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }))
      await file.sync()
    } finally {
      await file.close()
    }
    return toOwnerKey(path, privateKey, true)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    return readOwnerKey(path)
  }
}

/** The error is a sentence for the owner: absent, readable by others, or not an Ed25519 key. */
export async function readOwnerKey(path: string): Promise<Result<OwnerKey, string>> {
  const mode = await stat(path).then(
    (found) => found.mode,
    () => undefined,
  )
  if (mode === undefined) return err(`${path} does not exist; \`lanline agent enroll SITE\` makes it.`)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    return err(`${path} can be read by others. If nobody else had it, run: chmod 600 ${path}`)
  try {
    return toOwnerKey(path, createPrivateKey(await readFile(path)), false)
  } catch {
    return err(`${path} holds no private key that can be read.`)
  }
}

function toOwnerKey(path: string, signingKey: KeyObject, made: boolean): Result<OwnerKey, string> {
  const { x } = createPublicKey(signingKey).export({ format: 'jwk' })
  if (signingKey.asymmetricKeyType !== 'ed25519' || !x) return err(`${path} does not hold an Ed25519 key.`)
  return ok({ path, publicKey: x, signingKey, made })
}

/**
 * An assertion for one agent, good for a minute and for one use.
 *
 * @param bind SHA-256, base64url, of what it is for, so that its carrier cannot use it for something else
 */
export function signOwnerAssertion(
  key: OwnerKey,
  { fingerprint, bind, nowMs }: { readonly fingerprint: string; readonly bind?: string; readonly nowMs: number },
): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000)
  return new SignJWT(bind === undefined ? {} : { bind })
    .setProtectedHeader({ alg: 'EdDSA', kid: key.publicKey })
    .setIssuer(OWNER_ISSUER)
    .setSubject(OWNER_SUBJECT)
    .setAudience(fingerprint)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + OWNER_ASSERTION_TTL_S)
    .sign(key.signingKey)
}
