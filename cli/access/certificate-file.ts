import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { CredentialAnswer } from '#core/lane/access.ts'
import { writePrivate } from '../tunnel/tunnel-record.ts'

/** The certificate in use, beside its key: kubectl asks for it with every command, and the agent need not be. */
const CertificateFile = z.object({ certificate: z.string(), expiresAt: z.int() })
export type CertificateFile = z.infer<typeof CertificateFile>

/** Renewed this long before its end, so that no request starts with one that runs out on the way. */
export const RENEW_BEFORE_MS = 5 * 60_000

export async function readCertificate(path: string, now: number): Promise<CertificateFile | undefined> {
  try {
    const file = CertificateFile.parse(JSON.parse(await readFile(path, 'utf8')))
    return file.expiresAt - now > RENEW_BEFORE_MS ? file : undefined
  } catch {
    return undefined
  }
}

export const writeCertificate = (path: string, { certificate, expiresAt }: CredentialAnswer): Promise<void> =>
  writePrivate(path, `${JSON.stringify({ certificate, expiresAt } satisfies CertificateFile)}\n`)
