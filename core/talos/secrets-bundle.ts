import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { problem, type Problem } from '../model/problem.ts'
import { err, ok, type Result } from '../base/result.ts'
import { fromBase64 } from './base64.ts'
import { certificateFault, keyFault, pairFault } from './pair-check.ts'

/**
 * Everything secret that a Talos cluster is made of, in the shape of upstream's `secrets.yaml`, so that an exported
 * bundle works with plain talosctl. Certificates and keys are base64 of PEM text, as upstream writes them.
 *
 * Source: Talos `gen secrets`; facts talos.md §2.1.
 */

/** A bundle is about 9 KiB of YAML; whoever hands over more does not hand over a bundle. */
export const MAX_BUNDLE_CHARS = 32 * 1024

const ENTROPY_BYTES = 32

const Certificate = z.string().superRefine((text, context) => complain(context, certificateFault(text)))
const Key = z.string().superRefine((text, context) => complain(context, keyFault(text)))

/** A certificate of an authority and its key; people may bring authorities of any kind that Talos signs with. */
const Authority = z
  .strictObject({ crt: Certificate, key: Key })
  .superRefine(({ crt, key }, context) => complain(context, pairFault(crt, key), ['key']))

function complain(context: z.RefinementCtx, fault: string | undefined, path: string[] = []): void {
  if (fault !== undefined) context.addIssue({ code: 'custom', path, message: fault })
}

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
      etcd: Authority,
      k8s: Authority,
      k8saggregator: Authority,
      k8sserviceaccount: z.strictObject({ key: Key }),
      os: Authority,
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
  const fields = parsed.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : `it as a whole: ${message}`,
  )
  return err(problem('secrets-unreadable', { reason: 'not-a-bundle', fields }))
}

/** The bundle as upstream's `secrets.yaml`; talosctl reads it with `--with-secrets`. */
export const formatSecretsBundle = (bundle: SecretsBundle): string => stringify(bundle, { indent: 4, lineWidth: 0 })
