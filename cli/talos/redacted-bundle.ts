import { toBase64 } from '#core/talos/base64.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'

/**
 * A bundle without secrets, for showing what a configuration looks like. Where a secret would be, the text of the
 * configuration has six asterisks, as in upstream's own redacted output.
 */
const REDACTED = '"******"'

/** Stands where a secret goes: a word that nothing else contains, plain in YAML, as it is and as base64. */
const MARK = 'lanline-redacted-secret'
const MARK_BASE64 = toBase64(new TextEncoder().encode(MARK))

const authority = { crt: MARK_BASE64, key: MARK_BASE64 }

export const REDACTED_BUNDLE: SecretsBundle = {
  cluster: { id: MARK_BASE64, secret: MARK_BASE64 },
  secrets: { bootstraptoken: MARK_BASE64, secretboxencryptionsecret: MARK_BASE64 },
  trustdinfo: { token: MARK_BASE64 },
  certs: {
    etcd: authority,
    k8s: authority,
    k8saggregator: authority,
    k8sserviceaccount: { key: MARK_BASE64 },
    os: authority,
  },
}

/** A configuration made from the bundle above, with the asterisks in. */
export const redact = (config: string): string => config.replaceAll(MARK_BASE64, REDACTED).replaceAll(MARK, REDACTED)
