import { join } from 'node:path'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { findPrivateFile, writePrivateFile } from '../identity/state-files.ts'

/**
 * Whom this agent believes about people: identity providers and owner keys that were named on this machine, by its
 * owner. Nothing in this file ever comes from the cloud, so the cloud cannot make up a person (K1).
 */

/** More than one owner has. */
const MAX_ISSUERS = 8
const MAX_OWNER_KEYS = 8
const MAX_URL_CHARS = 500

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

/** Keys are fetched from there, so anything but this machine itself must be reached by TLS. */
export const isIssuerUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, search, hash } = new URL(text)
  if (username || password || search || hash) return false
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))
}

export const PinnedIssuer = z.strictObject({
  /** Compared letter by letter with the `iss` of a token. */
  issuer: z.string().max(MAX_URL_CHARS).refine(isIssuerUrl, 'must be a URL that begins with https://'),
  /** The only audience whose tokens count. */
  clientId: z.string().min(1).max(256),
  /** The claim that holds the person's groups. */
  groupsClaim: z.string().min(1).max(128).default('groups'),
})
export type PinnedIssuer = z.infer<typeof PinnedIssuer>

/** Ed25519, base64url of the raw 32 bytes. */
export const OwnerKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, 'must be the 43 characters that `lanline agent enroll` prints')

export const PinnedTrust = z.strictObject({
  issuers: z.array(PinnedIssuer).max(MAX_ISSUERS).default([]),
  ownerKeys: z.array(OwnerKey).max(MAX_OWNER_KEYS).default([]),
})
export type PinnedTrust = z.infer<typeof PinnedTrust>

export const TRUST_FILE = 'trust.json'
export const NO_TRUST: PinnedTrust = { issuers: [], ownerKeys: [] }

/** What is pinned; nobody, when nothing was. An error when the file is there and makes no sense: then nobody is believed. */
export function readPinnedTrust(stateDir: string): Result<PinnedTrust, string> {
  const text = findPrivateFile(stateDir, TRUST_FILE)
  if (text === undefined) return ok(NO_TRUST)
  try {
    const read = PinnedTrust.safeParse(JSON.parse(text))
    return read.success ? ok(read.data) : err(`${join(stateDir, TRUST_FILE)}: ${z.prettifyError(read.error)}`)
  } catch {
    return err(`${join(stateDir, TRUST_FILE)} is not JSON`)
  }
}

/** What was pinned and what is added; an issuer named again replaces what was said of it. */
export function addTrust(pinned: PinnedTrust, added: PinnedTrust): Result<PinnedTrust, string> {
  const renamed = new Set(added.issuers.map(({ issuer }) => issuer))
  const sum = PinnedTrust.safeParse({
    issuers: [...pinned.issuers.filter(({ issuer }) => !renamed.has(issuer)), ...added.issuers],
    ownerKeys: [...new Set([...pinned.ownerKeys, ...added.ownerKeys])],
  })
  return sum.success ? ok(sum.data) : err(z.prettifyError(sum.error))
}

export const savePinnedTrust = (stateDir: string, trust: PinnedTrust): void =>
  writePrivateFile(join(stateDir, TRUST_FILE), `${JSON.stringify(trust, null, 2)}\n`)
