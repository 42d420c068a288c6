/**
 * How long things take, in lab milliseconds, apart from the answer time that each route declares. Medians of a host with
 * a local SSD; the time of the call itself is taken off. Source: measured on 9.2.11.
 */
export const CREATE_MS = 320
export const CONFIGURE_MS = 60
export const RESIZE_MS = 85
export const START_MS = 830
export const STOP_MS = 1190
export const DELETE_MS = 100
/** Not measured; believable for a small guest. */
export const SNAPSHOT_MS = 400
export const MIGRATE_MS = 4000
export const CONTAINER_CREATE_MS = 1500
export const CONTAINER_START_MS = 700
export const UPLOAD_COPY_MS = 60
export const DOWNLOAD_OVERHEAD_MS = 50
export const IMAGE_DELETE_MS = 40
/** An agent that does not answer is waited for this long. */
export const SILENT_AGENT_MS = 3000
/** Every 401 comes late. */
export const REFUSED_LOGIN_MS = 3000
export const SHUTDOWN_TIMEOUT_MS = 60_000

/** Reading an image and writing it as a disk, on a store that does nothing else. */
const IMPORT_BYTES_PER_MS = 450_000
/** From this many imports on one store they slow each other down. */
const FREE_IMPORTS = 2

export const importMs = (bytes: number, importsAtOnce: number, mibPerSecond?: number): number =>
  (bytes / (mibPerSecond === undefined ? IMPORT_BYTES_PER_MS : (mibPerSecond * 1024 ** 2) / 1000)) *
  Math.max(1, importsAtOnce / FREE_IMPORTS)

const DEFAULT_MBIT_PER_SECOND = 250

export const downloadMs = (bytes: number, mbitPerSecond = DEFAULT_MBIT_PER_SECOND): number =>
  (bytes * 8) / (mbitPerSecond * 1000)
