import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { err, ok, type Result } from '#core/base/result.ts'
import { ROTATE_KEY_PATH, RotateKeyResponse, rotationPhrase, type RotateKeyRequest } from '#core/protocol/rotate-key.ts'
import type { Enrolment } from './enrolment.ts'
import { findIdentity, IDENTITY_KEY_FILE, proveAge, withSigningKey, type Identity } from './identity.ts'
import { findPrivateFile, replaceWith, writePrivateFile } from './state-files.ts'

/**
 * A new identity key, signed for by the old one. The new key is on the disk before anybody hears of it, and takes the old
 * one's place once the relay knows it; whatever ends in between, one of the two opens the door, and repeating goes on (K3).
 */
export const NEXT_KEY_FILE = 'identity-key.next.pem'

const TIMEOUT_MS = 30_000

/** The identity with the key that waits to take its place; undefined when none waits. */
export async function findNextIdentity(stateDir: string): Promise<Identity | undefined> {
  const pem = findPrivateFile(stateDir, NEXT_KEY_FILE)
  const current = pem === undefined ? undefined : await findIdentity(stateDir)
  return current && pem !== undefined ? withSigningKey(current, createPrivateKey(pem)) : undefined
}

/** The relay knows the new key: it takes the place of the old one, in one step. */
export function adoptNextKey(stateDir: string): void {
  if (existsSync(join(stateDir, NEXT_KEY_FILE)))
    replaceWith(join(stateDir, IDENTITY_KEY_FILE), join(stateDir, NEXT_KEY_FILE))
}

/** The new fingerprint. The error is a sentence; nothing is lost by it, and repeating is safe. */
export async function rotateKey(
  stateDir: string,
  enrolment: Enrolment,
  send: (url: URL, body: RotateKeyRequest) => Promise<Result<unknown, string>> = post,
): Promise<Result<string, string>> {
  const current = await findIdentity(stateDir)
  if (!current) return err(`${stateDir} holds no keys`)
  if (findPrivateFile(stateDir, NEXT_KEY_FILE) === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519')
    writePrivateFile(join(stateDir, NEXT_KEY_FILE), String(privateKey.export({ type: 'pkcs8', format: 'pem' })))
  }
  const next = await findNextIdentity(stateDir)
  if (!next) return err(`${join(stateDir, NEXT_KEY_FILE)} cannot be read back`)
  const phrase = Buffer.from(rotationPhrase(enrolment.agentId, next.publicKey))
  const answered = await send(new URL(ROTATE_KEY_PATH, enrolment.relayOrigin), {
    agentId: enrolment.agentId,
    identityKey: next.publicKey,
    signedByOld: sign(null, phrase, current.signingKey).toString('base64url'),
    signedByNew: sign(null, phrase, next.signingKey).toString('base64url'),
    ageProof: proveAge(next),
  })
  if (!answered.ok) return answered
  const read = RotateKeyResponse.safeParse(answered.value)
  if (!read.success || read.data.fingerprint !== next.fingerprint)
    return err('the relay answered something else; the old key stays until it confirms the new one')
  adoptNextKey(stateDir)
  rmSync(join(stateDir, NEXT_KEY_FILE), { force: true })
  return ok(next.fingerprint)
}

async function post(url: URL, body: RotateKeyRequest): Promise<Result<unknown, string>> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (response.ok) return ok(await response.json())
    return err(`the relay refused the new key (${response.status}); the old one stays, and repeating is safe`)
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : String(thrown)
    return err(`${url.origin} cannot be reached: ${cause}; repeating is safe`)
  }
}
