import { isImageFileName } from '../providers/image-names.ts'
import type { ImageRef, Provider } from '../providers/provider.ts'
import type { HandlerContext } from './handler.ts'

/**
 * Clears away what nobody uses any more on a storage that a new image comes to: images of versions gone by, and CDs
 * of machines that no longer exist. Only files by our names, only old ones, and never the one that was asked for. It is
 * housekeeping: what cannot be deleted is left, and the operation succeeds all the same.
 */
export async function sweepImages(provider: Provider, kept: ImageRef, context: HandlerContext): Promise<void> {
  const unused = await provider.listUnusedImages(kept.host, kept.storage)
  if (!unused.ok) return context.log.debug({ event: 'images.unswept', problem: unused.error })
  const old = unused.value.filter(
    ({ fileName, createdAt }) =>
      fileName !== kept.fileName && createdAt > 0 && context.clock.now() - createdAt > maxAgeOf(fileName),
  )
  for (const image of old.slice(0, MAX_AT_ONCE)) {
    if (context.signal.aborted) return
    context.steps.intend(`sweep ${image.fileName}`, 'idempotent')
    const deleted = await provider.deleteImage(kept.host, image)
    if (!deleted.ok) return context.log.debug({ event: 'images.unswept', problem: deleted.error })
    context.steps.done(`sweep ${image.fileName}`)
    context.log.info({ event: 'image.swept', host: kept.host, volumeId: image.volumeId })
  }
}

const DAY_MS = 24 * 3_600_000
/** A cluster that is scaled or rolled back within a month finds the image still there; it could be fetched again. */
const IMAGE_AGE_MS = 30 * DAY_MS
/** The CD of a machine is uploaded a moment before the machine exists. */
const CD_AGE_MS = DAY_MS
const maxAgeOf = (fileName: string): number => (isImageFileName(fileName) ? IMAGE_AGE_MS : CD_AGE_MS)

/** The rest goes the next time. */
const MAX_AT_ONCE = 5
