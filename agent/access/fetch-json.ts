import { err, ok, type Result } from '#core/base/result.ts'

/** Discovery and key sets come within a second, or the person tries again. */
const TIMEOUT_MS = 10_000
/** A key set of 64 keys with their certificates. */
const MAX_BYTES = 256 * 1024

/** GET of a small JSON document. Redirects are not followed: an address that was pinned is the address that is asked. */
export async function fetchJson(url: URL): Promise<Result<unknown, string>> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) return err(`${url.href} answered ${response.status}`)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength
      if (bytes > MAX_BYTES) return err(`${url.href} answered with more than ${MAX_BYTES} bytes`)
      chunks.push(chunk)
    }
    return ok(JSON.parse(Buffer.concat(chunks).toString('utf8')))
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : String(thrown)
    return err(`${url.href} cannot be read: ${cause}`)
  }
}
