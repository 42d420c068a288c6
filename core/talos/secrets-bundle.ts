import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { problem, type Problem } from '../model/problem.ts'
import { err, ok, type Result } from '../base/result.ts'
import { fromBase64 } from './base64.ts'

/**
 * Everything secret that a Talos cluster is made of, in the shape of upstream's `secrets.yaml`, so that an exported
 * bundle works with plain talosctl. Certificates and keys are base64 of PEM text, as upstream writes them.
 *
 * Source: Talos `gen secrets`; facts talos.md §2.1.
 */

/** A bundle is about 9 KiB of YAML; whoever hands over more does not hand over a bundle. */
export const MAX_BUNDLE_CHARS = 32 * 1024

const ENTROPY_BYTES = 32

const pem = (labels: readonly string[]) =>
  z.string().refine((text) => labels.includes(pemLabel(text) ?? ''), `must be base64 of PEM: ${labels.join(' or ')}`)

const Certificate = pem(['CERTIFICATE'])
const EcKey = pem(['EC PRIVATE KEY', 'PRIVATE KEY'])
const Ed25519Key = pem(['ED25519 PRIVATE KEY', 'PRIVATE KEY'])
const ServiceAccountKey = pem(['RSA PRIVATE KEY', 'EC PRIVATE KEY', 'PRIVATE KEY'])
const Token = z.string().regex(/^[0-9a-z]{6}\.[0-9a-z]{16}$/, 'must look like abcdef.0123456789abcdef')
const Entropy = z
  .string()
  .refine((text) => fromBase64(text)?.length === ENTROPY_BYTES, `must be base64 of ${ENTROPY_BYTES} bytes`)

export const SecretsBundle = z
  .strictObject({
    /** `id` is opaque: upstream writes it in either base64 alphabet. */
    cluster: z.strictObject({ id: z.string().min(1).max(256), secret: Entropy }),
    secrets: z.strictObject({
      bootstraptoken: Token,
      secretboxencryptionsecret: Entropy.optional(),
      aescbcencryptionsecret: Entropy.optional(),
    }),
    trustdinfo: z.strictObject({ token: Token }),
    certs: z.strictObject({
      etcd: z.strictObject({ crt: Certificate, key: EcKey }),
      k8s: z.strictObject({ crt: Certificate, key: EcKey }),
      k8saggregator: z.strictObject({ crt: Certificate, key: EcKey }),
      k8sserviceaccount: z.strictObject({ key: ServiceAccountKey }),
      os: z.strictObject({ crt: Certificate, key: Ed25519Key }),
    }),
  })
  .refine(
    ({ secrets }) =>
      (secrets.secretboxencryptionsecret === undefined) !== (secrets.aescbcencryptionsecret === undefined),
    { path: ['secrets'], message: 'needs exactly one of secretboxencryptionsecret and aescbcencryptionsecret' },
  )
export type SecretsBundle = z.infer<typeof SecretsBundle>

/**
 * Reads a `secrets.yaml`. Problem `secrets-unreadable` names the fields at fault and never their values.
 */
export function parseSecretsBundle(text: string): Result<SecretsBundle, Problem> {
  if (text.length > MAX_BUNDLE_CHARS) return err(problem('secrets-unreadable', { reason: 'too-large' }))
  let document: unknown
  try {
    document = parse(text)
  } catch {
    return err(problem('secrets-unreadable', { reason: 'not-yaml' }))
  }
  const parsed = SecretsBundle.safeParse(document)
  if (parsed.success) return ok(parsed.data)
  const fields = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  return err(problem('secrets-unreadable', { reason: 'not-a-bundle', fields }))
}

/** The bundle as upstream's `secrets.yaml`; talosctl reads it with `--with-secrets`. */
export const formatSecretsBundle = (bundle: SecretsBundle): string => stringify(bundle, { indent: 4, lineWidth: 0 })

/** The label of a base64 encoded PEM block, as in `EC PRIVATE KEY`; undefined when it is not one. */
function pemLabel(text: string): string | undefined {
  const bytes = fromBase64(text)
  if (!bytes) return undefined
  const pemText = String.fromCharCode(...bytes)
  const match = /^-----BEGIN ([A-Z0-9 ]+)-----\n[A-Za-z0-9+/=\n]+-----END ([A-Z0-9 ]+)-----\n?$/.exec(pemText)
  return match && match[1] === match[2] ? match[1] : undefined
}
