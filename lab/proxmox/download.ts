import { randomUUID } from 'node:crypto'
import { DOWNLOAD_OVERHEAD_MS, downloadMs } from './durations.ts'
import { badParameters, failed } from './failure.ts'
import { freeBytesOf, type Storage, type Volume } from './storages.ts'
import { epochSeconds, traced, type World } from './world.ts'
import type { ImageAnswer } from '#lab/factory/image-source.ts'
import type { Identity } from './access.ts'
import type { Worker } from './tasks.ts'
import { wgetLines } from './wget-lines.ts'

export interface Download {
  readonly storage: string
  readonly content: string
  readonly filename: string
  readonly url: string
  readonly checksum: string | undefined
  readonly compression: string | undefined
}

const DIRECTORIES: Readonly<Record<string, string>> = {
  iso: 'template/iso',
  import: 'import',
  vztmpl: 'template/cache',
}
const EXTENSIONS: Readonly<Record<string, RegExp>> = {
  iso: /\.(iso|img)$/i,
  import: /\.(qcow2|raw|vmdk|ova)$/i,
  vztmpl: /\.tar\.(gz|xz|zst|bz2)$/i,
}

/**
 * Fetches a file onto a store. What is wrong with the request is refused at once; what is wrong with the source, the
 * file that is there or the room left is the task's exit text. Nothing half done stays.
 */
export function startDownload(world: World, who: Identity, download: Download): string {
  checkContentKnown(world, download.content)
  const storage = world.storages.get(download.storage)
  if (!storage.content.includes(download.content))
    throw failed(`storage '${storage.name}' is not configured for content-type '${download.content}'`)
  const filename = cleanName(download)
  return world.tasks.start('download', filename, who, (worker) =>
    traced(world, 'image.download', filename, () => run(world, worker, storage, filename, download)),
  )
}

/** A release that cannot import has no such content at all. */
export function checkContentKnown(world: World, content: string): void {
  if (content !== 'import' || world.cluster.profile.imageImport) return
  throw badParameters({ content: "value 'import' does not have a value in the enumeration 'iso, vztmpl'" })
}

export const pathOf = (storage: Storage, content: string, filename: string): string =>
  `${storage.path ?? `/dev/${storage.name}`}/${DIRECTORIES[content] ?? ''}/${filename}`

export function formatOf(content: string, filename: string): string {
  if (content === 'iso') return 'iso'
  const extension = /\.(\w+)$/.exec(filename)?.[1]?.toLowerCase() ?? ''
  return content === 'vztmpl' ? (extension === 'gz' ? 'tgz' : `t${extension}`) : extension
}

/** Path parts are cut off and odd characters become `_`. */
export function cleanName(download: Pick<Download, 'content' | 'filename'>): string {
  const base = (download.filename.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9_.-]/g, '_')
  if (EXTENSIONS[download.content]?.test(base)) return base
  throw badParameters({
    filename: download.content === 'import' ? 'invalid filename or wrong extension' : 'wrong file extension',
  })
}

async function run(
  world: World,
  worker: Worker,
  storage: Storage,
  filename: string,
  download: Download,
): Promise<void> {
  const path = pathOf(storage, download.content, filename)
  const volid = `${storage.name}:${download.content}/${filename}`
  worker.log(`downloading ${download.url} to ${path}`)
  if (download.compression !== undefined && download.content === 'import')
    throw failed('decompression not supported for import')
  if (download.compression === 'xz') throw failed('no decompression method found')
  const there = storage.volumes.get(volid)
  if (there) {
    keepExisting(worker, there, download)
    return
  }
  const answer = world.images.look(download.url)
  logRequest(world, worker, download.url, answer)
  if (answer.kind === 'http-error') throw failed('download failed: exit code 8')
  if (answer.kind === 'unknown-host')
    throw failed(`download failed: wget: unable to resolve host address '${answer.host}'`)
  if (answer.kind === 'refused')
    throw failed(`download failed: ${connecting(download.url)} failed: Connection refused.`)
  if (answer.kind === 'no-tls') throw failed('download failed: Unable to establish SSL connection.')
  const temporary = `${path}.tmp_dwnl.${worker.pid}`
  worker.log(`Saving to: '${temporary}'`)
  await transfer(world, worker, answer)
  if (freeBytesOf(storage) < answer.sizeBytes)
    throw failed(`download failed: Cannot write to '${temporary}' (No space left on device).`)
  if (answer.format === 'raw' && filename.endsWith('.qcow2'))
    throw failed(`failed to verify file: qemu-img: Could not open '${temporary}': Image is not in qcow2 format`)
  if (download.checksum !== undefined) {
    worker.log('calculating checksum...')
    if (download.checksum !== answer.sha256)
      throw failed(`checksum mismatch: got '${answer.sha256}' != expect '${download.checksum}'`)
  }
  storage.volumes.set(volid, volumeOf(world, storage, volid, path, download, answer))
  worker.log(`download of '${download.url}' to '${path}' finished`)
}

function keepExisting(worker: Worker, there: Volume, download: Download): void {
  if (download.checksum === undefined) throw failed(`refusing to override existing file '${there.path}'`)
  const sum = there.image?.sha256 ?? ''
  if (sum !== download.checksum) {
    worker.log('calculating checksum of existing file...')
    throw failed(`checksum mismatch: got '${sum}' != expect '${download.checksum}', aborting`)
  }
  worker.log('calculating checksum of existing file...OK, got correct file already, no need to download')
}

/** wget begins anew whenever a source hangs up, each time after a longer pause, and does not give up for minutes. */
async function transfer(world: World, worker: Worker, image: Image): Promise<void> {
  const busy = (ms: number): Promise<void> =>
    worker.busy(ms).catch(() => {
      throw failed('download failed: received interrupt')
    })
  const { sizeBytes, kibPerSecond, cutAfter } = image
  const wholeMs =
    kibPerSecond === undefined
      ? downloadMs(sizeBytes, world.options.downloadMbitPerSecond)
      : (sizeBytes / 1024 / kibPerSecond) * 1000
  if (cutAfter !== undefined) {
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      await busy(DOWNLOAD_OVERHEAD_MS + wholeMs * cutAfter)
      worker.log(`Connection closed at byte ${Math.floor(sizeBytes * cutAfter)}. Retrying.`)
      await busy(Math.min(tries, MAX_PAUSE_S) * 1000)
    }
    throw failed('download failed: exit code 4')
  }
  await busy(DOWNLOAD_OVERHEAD_MS)
  const lines = wgetLines(sizeBytes)
  const atOnce = Math.ceil(lines.length / MAX_STEPS)
  for (let at = 0, toldPart = 0; at < lines.length; at += atOnce) {
    const some = lines.slice(at, at + atOnce)
    const part = some.at(-1)?.part ?? 1
    await busy((part - toldPart) * wholeMs)
    toldPart = part
    for (const { text } of some) worker.log(text)
  }
  worker.log(`saved [${sizeBytes}/${sizeBytes}]`)
}

/** A line at a time, but not a timer for each of a hundred. */
const MAX_STEPS = 20
/** As wget does by itself. */
const MAX_TRIES = 20
const MAX_PAUSE_S = 10

type Image = Extract<ImageAnswer, { kind: 'image' }>

/** The address is that of whoever answers behind the lab's names. */
function connecting(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `Connecting to ${hostname} (${hostname})|127.0.0.1|:${port || (protocol === 'https:' ? '443' : '80')}...`
}

function logRequest(world: World, worker: Worker, url: string, answer: ImageAnswer): void {
  const { host } = new URL(url)
  worker.log(`--${new Date(world.time.now()).toISOString().slice(0, 19).replace('T', ' ')}--  ${url}`)
  worker.log(`Resolving ${host} (${host})...`)
  if (answer.kind === 'unknown-host') return
  worker.log(`${connecting(url)} ${answer.kind === 'refused' ? 'failed: Connection refused.' : 'connected.'}`)
  if (answer.kind === 'refused' || answer.kind === 'no-tls') return
  const said = answer.kind === 'image' ? '200 OK' : `${answer.status} ${answer.reason}`
  worker.log(`HTTP request sent, awaiting response... ${said}`)
  if (answer.kind === 'image') worker.log(`Length: ${answer.sizeBytes} [application/octet-stream]`)
}

const volumeOf = (
  world: World,
  storage: Storage,
  volid: string,
  path: string,
  download: Download,
  image: Extract<ImageAnswer, { kind: 'image' }>,
): Volume => ({
  id: randomUUID(),
  volid,
  storage: storage.name,
  content: download.content === 'iso' || download.content === 'vztmpl' ? download.content : 'import',
  format: formatOf(download.content, volid),
  vmid: undefined,
  path,
  sizeBytes: download.content === 'import' ? image.virtualBytes : image.sizeBytes,
  usedBytes: image.sizeBytes,
  changedAt: epochSeconds(world),
  image: { sha256: image.sha256, content: image.content },
})
