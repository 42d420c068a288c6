import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { schematicId, schematicOf } from '#core/talos/schematic.ts'
import { factoryFileOf, imageFileName } from '../providers/image-names.ts'
import type { ImageRef, Provider, TaskHandle } from '../providers/provider.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext, OperationHandler } from './handler.ts'
import { sweepImages } from './image-ensure-sweep.ts'
import { cancelled, waitFor, waitForTask } from './waiting.ts'

/**
 * The Talos image lies on an image storage of a host, under a name that tells its version and schematic.
 *
 * Safe to run again and beside itself: a whole image is left as it is, and of two downloads the last one wins with the
 * same bytes. Problems: factory-unreachable, image-unavailable, storage-missing (later); unsupported-version (never).
 */
export const ensureImage =
  ({ provider, factory }: HandlerDeps): OperationHandler<'image.ensure'> =>
  async (input, context) => {
    const { steps, progress } = context
    const { media = 'image', secureBoot = false } = input
    const named = { ...input, media, secureBoot }
    const image: ImageRef = {
      host: input.host,
      storage: input.imageStorage,
      content: media === 'iso' ? 'iso' : 'import',
      fileName: imageFileName(named),
    }
    const present = await provider.findImage(image)
    if (!present.ok) return present
    if (present.value && present.value.sizeBytes >= MIN_IMAGE_BYTES) return ok({ volumeId: present.value.volumeId })

    const schematic = schematicOf(input.extensions)
    const facts = { host: input.host, storage: input.imageStorage, schematicId: input.schematicId }
    if (schematicId(schematic) !== input.schematicId)
      return err(problem('image-unavailable', { ...facts, reason: 'the extensions do not give this schematic' }))
    progress('registering the schematic')
    const registered = await factory.register(schematic)
    if (!registered.ok) return registered
    if (registered.value !== input.schematicId)
      return err(problem('image-unavailable', { ...facts, reason: `the factory calls it ${registered.value}` }))
    const stopped = cancelled(context)
    if (stopped) return stopped

    progress('downloading the image', 0)
    const url = factory.imageUrl(input.schematicId, input.talosVersion, factoryFileOf(named))
    const begun = await beginDownload(provider, image, url, context)
    if (!begun.ok) return begun
    // Clearing up needs the host only now and then, and machines wait for nothing but the image.
    const [ended] = await Promise.all([
      waitForTask(context, provider, begun.value, {
        what: 'the download of the image',
        limitMs: DOWNLOAD_LIMIT_MS,
        onPoll: async () => {
          const percent = await provider.downloadPercent(begun.value)
          progress('downloading the image', percent)
          return percent
        },
      }),
      sweepImages(provider, image, context),
    ])
    if (!ended.ok) return ended

    const made = await provider.findImage(image)
    if (!made.ok) return made
    if (!made.value || made.value.sizeBytes < MIN_IMAGE_BYTES)
      return err(problem('image-unavailable', { ...facts, sizeBytes: made.value?.sizeBytes ?? 0 }))
    steps.done('download', made.value.volumeId)
    return ok({ volumeId: made.value.volumeId })
  }

/** The download that runs, whoever of us began it, or a new one. After a lost answer the host tells whether one began. */
async function beginDownload(
  provider: Provider,
  image: ImageRef,
  url: string,
  context: HandlerContext,
): Promise<Result<TaskHandle, Problem>> {
  const { steps } = context
  steps.intend('download', 'keyed-create')
  const begun = await waitFor(context, BEGUN, async () => {
    const running = await provider.findRunningDownload(image)
    if (!running.ok || running.value !== undefined) return running
    const started = await provider.startDownload(image, url)
    return !started.ok && started.error.code === 'outcome-unknown' ? ok(undefined) : started
  })
  if (begun.ok) steps.rememberHandle('download', begun.value)
  return begun
}

const BEGUN = { what: 'the host to begin the download', limitMs: 60_000, everyMs: 2_000 }
/** A Talos disk image is some hundred MiB; anything smaller is an error page. */
const MIN_IMAGE_BYTES = 1024 * 1024
/** A gigabyte over a slow home line. */
const DOWNLOAD_LIMIT_MS = 28 * 60_000
