import { toETag } from '#core/model/document.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { refusal, type Refusal } from './http.ts'

/** What a write was based on: an ETag, or that nothing was there. */
export type Precondition = { readonly type: 'etag'; readonly etag: string } | { readonly type: 'absent' }

export function readPrecondition(headers: Headers): Result<Precondition, Refusal> {
  const etag = headers.get('If-Match')
  const none = headers.get('If-None-Match')
  // `*` would be a write based on nothing. A proxy that compresses answers makes their ETags weak; they still name one generation.
  if (etag !== null && none === null && etag.trim() !== '*')
    return ok({ type: 'etag', etag: etag.trim().replace(/^W\//, '') })
  if (none?.trim() === '*' && etag === null) return ok({ type: 'absent' })
  return err(refusal('precondition-required'))
}

/** undefined when the object is what the request was based on. */
export function checkPrecondition(
  precondition: Precondition,
  stored: { readonly uid: string; readonly generation: number } | undefined,
): Refusal | undefined {
  const current = stored && toETag(stored)
  if (precondition.type === 'absent')
    return current === undefined ? undefined : refusal('precondition-failed', { expected: 'absent', current })
  return precondition.etag === current
    ? undefined
    : refusal('precondition-failed', { expected: precondition.etag, current: current ?? 'absent' })
}
