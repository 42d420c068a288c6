import { existsSync, readFileSync } from 'node:fs'
import type { Body } from './client.ts'

/** One call of a recording of the real API. */
export interface Row {
  readonly step: string
  readonly actor: string
  /** Seconds into the run at which it was sent, and how long the answer took. */
  readonly t: number
  readonly ms: number
  readonly method: string
  readonly path: string
  readonly params: Record<string, string | number> | null
  readonly status: number
  readonly reason: string
  readonly body: Body
}

/** The calls in the order in which they were worked on; undefined when the recording is not here. */
export function readRows(path: string): Row[] | undefined {
  if (!existsSync(path)) return undefined
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => atWork(JSON.parse(line) as Row))
    .toSorted((a, b) => a.t - b.t)
}

/** A call that answered with a UPID after seconds had stood in the daemon's queue: it is sent when its turn came. */
function atWork(row: Row): Row {
  const queued = typeof row.body?.data === 'string' && row.body.data.startsWith('UPID:') && row.ms > QUEUED_MS
  return queued ? { ...row, t: row.t + (row.ms - WORK_MS) / 1000, ms: WORK_MS } : row
}

const QUEUED_MS = 1000
const WORK_MS = 40
