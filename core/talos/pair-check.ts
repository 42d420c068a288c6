import { fromBase64 } from './base64.ts'
import {
  BIT_STRING,
  contextTag,
  INTEGER,
  membersOf,
  OBJECT_ID,
  OCTET_STRING,
  readDer,
  sameBytes,
  SEQUENCE,
} from './der.ts'
import { decodedPem, parsePem, type PemBlock } from './pem.ts'

/**
 * Whether the authorities of a bundle are what they say: a certificate, and a key of the same kind which belongs to it
 * where the key says so itself. Signatures are proved by whoever uses them.
 */
type KeyAlgorithm = 'ec' | 'ed25519' | 'rsa'

/** Contents of the object identifiers. */
const ALGORITHM_IDS: Readonly<Record<KeyAlgorithm, readonly number[]>> = {
  ec: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  ed25519: [0x2b, 0x65, 0x70],
  rsa: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
}

const KEY_LABELS: Readonly<Record<string, KeyAlgorithm | 'pkcs8'>> = {
  'EC PRIVATE KEY': 'ec',
  'RSA PRIVATE KEY': 'rsa',
  'ED25519 PRIVATE KEY': 'pkcs8',
  'PRIVATE KEY': 'pkcs8',
}

/** The public part of a key, when the key carries it. */
interface Key {
  readonly algorithm: KeyAlgorithm
  readonly publicKey?: Uint8Array | undefined
}

/** What is wrong with a certificate (base64 of PEM); undefined when nothing is. */
export const certificateFault = (text: string): string | undefined =>
  fromBase64(text) === undefined ? 'is not base64' : certificateFaultOfPem(decodedPem(text))

/** What is wrong with a private key, likewise. */
export const keyFault = (text: string): string | undefined =>
  fromBase64(text) === undefined ? 'is not base64' : keyFaultOfPem(decodedPem(text))

export function certificateFaultOfPem(pem: string): string | undefined {
  const block = parsePem(pem)
  if (block?.label !== 'CERTIFICATE') return 'is not a certificate in PEM'
  return subjectKeyOf(block.der) ? undefined : 'is a broken certificate'
}

export function keyFaultOfPem(pem: string): string | undefined {
  const block = parsePem(pem)
  if (!block || !(block.label in KEY_LABELS)) return 'is not a private key in PEM'
  return privateKeyOf(block) ? undefined : 'is a broken private key'
}

/** Why a key cannot be the one of a certificate; both are without faults of their own. */
export function pairFault(crt: string, key: string): string | undefined {
  const block = parsePem(decodedPem(crt))
  const certified = block && subjectKeyOf(block.der)
  const keyBlock = parsePem(decodedPem(key))
  const own = keyBlock && privateKeyOf(keyBlock)
  if (!certified || !own) return undefined
  const differs = own.publicKey && certified.publicKey && !sameBytes(certified.publicKey, own.publicKey)
  return certified.algorithm !== own.algorithm || differs ? 'is not the key of its certificate' : undefined
}

/** Certificate → TBSCertificate → SubjectPublicKeyInfo. */
function subjectKeyOf(der: Uint8Array): Key | undefined {
  const [body, algorithm, signature, ...more] = membersOf(der) ?? []
  if (body?.tag !== SEQUENCE || algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING || more.length > 0)
    return undefined
  const fields = readDer(body.content)
  // Version, serial, algorithm, issuer, validity, subject, key, extensions: only version 3 has authorities.
  if (fields?.[0]?.tag !== contextTag(0) || fields[1]?.tag !== INTEGER) return undefined
  const [keyAlgorithm, bits] = membersOfContent(fields[6]?.content) ?? []
  const known = keyAlgorithm && algorithmOf(keyAlgorithm.content)
  if (!known || bits?.tag !== BIT_STRING) return undefined
  return { algorithm: known, publicKey: bits.content.subarray(1) }
}

function privateKeyOf(block: PemBlock): Key | undefined {
  const form = KEY_LABELS[block.label]
  if (!form) return undefined
  return form === 'pkcs8' ? pkcs8KeyOf(block.der) : form === 'ec' ? ecKeyOf(block.der) : rsaKeyOf(block.der)
}

/** PrivateKeyInfo: version, algorithm, the key in the algorithm's own form. */
function pkcs8KeyOf(der: Uint8Array): Key | undefined {
  const [version, algorithmId, key] = membersOf(der) ?? []
  const algorithm = algorithmId?.tag === SEQUENCE ? algorithmOf(algorithmId.content) : undefined
  if (version?.tag !== INTEGER || !algorithm || key?.tag !== OCTET_STRING) return undefined
  if (algorithm === 'ec') return ecKeyOf(key.content)
  if (algorithm === 'rsa') return rsaKeyOf(key.content)
  const [seed, ...more] = membersOfContent(key.content) ?? []
  return seed?.tag === OCTET_STRING && seed.content.length === 32 && more.length === 0 ? { algorithm } : undefined
}

/** ECPrivateKey: version 1, the number, then perhaps the curve [0] and the public key [1]. */
function ecKeyOf(der: Uint8Array): Key | undefined {
  const [version, number, ...rest] = membersOf(der) ?? []
  if (version?.tag !== INTEGER || number?.tag !== OCTET_STRING) return undefined
  const bits = membersOfContent(rest.find(({ tag }) => tag === contextTag(1))?.content)?.[0]
  return { algorithm: 'ec', publicKey: bits?.tag === BIT_STRING ? bits.content.subarray(1) : undefined }
}

/** RSAPrivateKey: version and eight numbers. */
function rsaKeyOf(der: Uint8Array): Key | undefined {
  const numbers = membersOf(der)
  return numbers?.length === 9 && numbers.every(({ tag }) => tag === INTEGER) ? { algorithm: 'rsa' } : undefined
}

const membersOfContent = (content: Uint8Array | undefined) => content && readDer(content)

function algorithmOf(content: Uint8Array): KeyAlgorithm | undefined {
  const id = membersOfContent(content)?.[0]
  if (id?.tag !== OBJECT_ID) return undefined
  return (['ec', 'ed25519', 'rsa'] as const).find((name) => sameBytes(id.content, Uint8Array.from(ALGORITHM_IDS[name])))
}
