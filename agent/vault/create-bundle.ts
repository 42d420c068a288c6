import { toBase64 } from '#core/talos/base64.ts'
import { contractFor, type TalosContract } from '#core/talos/contracts/contract-for.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { createAuthority, createServiceAccountKey } from './pki.ts'

/** `count` bytes nobody can guess. */
export type RandomBytes = (count: number) => Uint8Array

const ENTROPY_BYTES = 32
const TOKEN_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'
/** The largest multiple of 36 in a byte: higher ones are drawn again, so that every letter is equally likely. */
const TOKEN_BYTE_LIMIT = 252

/**
 * The secrets of a new cluster. Nothing of them is stored or sent here. Takes up to a few seconds, nearly all for the RSA key.
 */
export async function createSecretsBundle({
  random,
  nowMs,
  contract = '1.13',
}: {
  readonly random: RandomBytes
  readonly nowMs: number
  /** Decides only how the cluster's id is spelt; nobody ever decodes it. */
  readonly contract?: TalosContract | undefined
}): Promise<SecretsBundle> {
  const [etcd, k8s, k8saggregator, os, serviceAccountKey] = await Promise.all([
    createAuthority('ec', 'etcd', nowMs),
    createAuthority('ec', 'kubernetes', nowMs),
    createAuthority('ec', undefined, nowMs),
    createAuthority('ed25519', 'talos', nowMs),
    createServiceAccountKey(),
  ])
  const entropy = () => toBase64(random(ENTROPY_BYTES))
  const id = entropy()
  return {
    cluster: {
      id: contractFor(contract).urlSafeClusterId ? id.replaceAll('+', '-').replaceAll('/', '_') : id,
      secret: entropy(),
    },
    secrets: { bootstraptoken: createToken(random), secretboxencryptionsecret: entropy() },
    trustdinfo: { token: createToken(random) },
    certs: { etcd, k8s, k8saggregator, k8sserviceaccount: { key: serviceAccountKey }, os },
  }
}

/** A bootstrap token, as in `abcdef.0123456789abcdef`. */
function createToken(random: RandomBytes): string {
  return `${randomLetters(6, random)}.${randomLetters(16, random)}`
}

function randomLetters(count: number, random: RandomBytes): string {
  let letters = ''
  while (letters.length < count) {
    const fair = [...random(count)].filter((byte) => byte < TOKEN_BYTE_LIMIT)
    letters += fair.map((byte) => TOKEN_ALPHABET[byte % TOKEN_ALPHABET.length]!).join('')
  }
  return letters.slice(0, count)
}
