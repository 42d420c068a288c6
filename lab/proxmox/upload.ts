import { createHash } from 'node:crypto'
import { randomUUID } from 'node:crypto'
import { checkContentKnown, cleanName, formatOf, pathOf } from './download.ts'
import { UPLOAD_COPY_MS } from './durations.ts'
import { badParameters, failed } from './failure.ts'
import { freeBytesOf, type Volume } from './storages.ts'
import { epochSeconds, traced, type World } from './world.ts'
import type { Identity } from './access.ts'
import type { Upload } from './route.ts'

/** What the lab keeps of an uploaded file; of a larger one only its size and its sum. */
const MAX_KEPT_BYTES = 8 * 1024 ** 2

/**
 * Puts a file that came with the request onto a store. The host spooled it before anything was checked, and an existing
 * file of that name is overwritten without a word.
 */
export function storeUpload(
  world: World,
  who: Identity,
  wish: {
    readonly storage: string
    readonly content: string
    readonly checksum: string | undefined
    readonly algorithm: string | undefined
    readonly file: Upload
  },
): string {
  const { file } = wish
  checkContentKnown(world, wish.content)
  const storage = world.storages.get(wish.storage)
  const filename = cleanName({ content: wish.content, filename: file.filename })
  if (!storage.content.includes(wish.content))
    throw failed(`storage '${storage.name}' does not support content-type '${wish.content}'`)
  const path = pathOf(storage, wish.content, filename)
  return world.tasks.start('imgcopy', '', who, (worker) =>
    traced(world, 'image.upload', filename, async () => {
      const spool = `/var/tmp/pveupload-${createHash('md5').update(file.bytes).digest('hex')}`
      worker.log(`starting file import from: ${spool}`)
      if (wish.checksum !== undefined) {
        worker.log('calculating checksum...')
        const sum = createHash(wish.algorithm ?? 'sha256')
          .update(file.bytes)
          .digest('hex')
        if (sum !== wish.checksum.toLowerCase())
          throw failed(`checksum mismatch: got '${sum}' != expect '${wish.checksum}'`)
      }
      worker.log(`target node: ${world.node}`)
      worker.log(`target file: ${path}`)
      worker.log(`file size is: ${file.bytes.length}`)
      worker.log(`command: cp -- ${spool} ${path}`)
      await worker.busy(UPLOAD_COPY_MS)
      if (freeBytesOf(storage) < file.bytes.length)
        throw failed(`import failed: cp: error writing '${path}': No space left on device`)
      const volid = `${storage.name}:${wish.content}/${filename}`
      storage.volumes.set(volid, volumeOf(world, storage.name, volid, path, wish.content, file.bytes))
      worker.log('finished file import successfully')
    }),
  )
}

/** The file part is missing when somebody sent a form without one. */
export function fileOf(upload: Upload | undefined): Upload {
  if (!upload) throw badParameters({ filename: 'property is missing and it is not optional' })
  return upload
}

const volumeOf = (
  world: World,
  storage: string,
  volid: string,
  path: string,
  content: string,
  bytes: Buffer,
): Volume => ({
  id: randomUUID(),
  volid,
  storage,
  content: content === 'iso' || content === 'vztmpl' ? content : 'import',
  format: formatOf(content, volid),
  vmid: undefined,
  path,
  sizeBytes: bytes.length,
  usedBytes: bytes.length,
  changedAt: epochSeconds(world),
  image: { sha256: createHash('sha256').update(bytes).digest('hex'), content: undefined },
  ...(bytes.length <= MAX_KEPT_BYTES ? { bytes } : {}),
})
