import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { Secret } from '#core/base/secret.ts'
import { agePhrase } from '#core/protocol/enroll.ts'
import { findPrivateFile, writePrivateFile } from './state-files.ts'

/**
 * The two keys of an agent: Ed25519 says who speaks, age X25519 opens what was sealed for this site. They are born
 * here at enrolment and never leave; only the public halves go up.
 */
export interface Identity {
  readonly signingKey: KeyObject
  /** base64url of the raw 32 bytes. */
  readonly publicKey: string
  readonly ageIdentity: Secret<string>
  readonly ageRecipient: string
  /** For people to compare by eye. */
  readonly fingerprint: string
}

export const IDENTITY_KEY_FILE = 'identity-key.pem'
export const AGE_KEY_FILE = 'age-key.txt'

/** Undefined when the state directory has no complete identity yet. */
export async function findIdentity(stateDir: string): Promise<Identity | undefined> {
  const pem = findPrivateFile(stateDir, IDENTITY_KEY_FILE)
  const age = findPrivateFile(stateDir, AGE_KEY_FILE)
  return pem && age ? toIdentity(createPrivateKey(pem), age.trim()) : undefined
}

/** The identity of this state directory, made if it is missing. Safe to repeat: an existing key is never replaced. */
export async function ensureIdentity(stateDir: string): Promise<Identity> {
  if (findPrivateFile(stateDir, IDENTITY_KEY_FILE) === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519')
    writePrivateFile(join(stateDir, IDENTITY_KEY_FILE), String(privateKey.export({ type: 'pkcs8', format: 'pem' })))
  }
  if (findPrivateFile(stateDir, AGE_KEY_FILE) === undefined)
    writePrivateFile(join(stateDir, AGE_KEY_FILE), `${await generateX25519Identity()}\n`)
  const identity = await findIdentity(stateDir)
  if (!identity) throw new Error(`the keys in ${stateDir} cannot be read back`)
  return identity
}

/** The same agent under another identity key. */
export const withSigningKey = (identity: Identity, signingKey: KeyObject): Promise<Identity> =>
  toIdentity(signingKey, identity.ageIdentity.reveal())

async function toIdentity(signingKey: KeyObject, ageIdentity: string): Promise<Identity> {
  const { x } = createPublicKey(signingKey).export({ format: 'jwk' })
  if (!x) throw new Error(`${IDENTITY_KEY_FILE} does not hold an Ed25519 key`)
  return {
    signingKey,
    publicKey: x,
    ageIdentity: new Secret(ageIdentity),
    ageRecipient: await identityToRecipient(ageIdentity),
    fingerprint: fingerprintOf(x),
  }
}

/** Says that the age recipient belongs to the identity key, so that one fingerprint stands for both. */
export const proveAge = ({ signingKey, ageRecipient }: Identity): string =>
  sign(null, Buffer.from(agePhrase(ageRecipient)), signingKey).toString('base64url')

/** SHA-256 of the raw public key: its first 10 bytes as five groups, enough to compare by eye. */
export const fingerprintOf = (publicKey: string): string =>
  createHash('sha256')
    .update(Buffer.from(publicKey, 'base64url'))
    .digest('hex')
    .slice(0, 20)
    .match(/.{4}/g)
    ?.join('-') ?? ''
