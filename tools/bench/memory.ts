import { existsSync, readFileSync } from 'node:fs'

/** The memory of a process in KiB as its kernel counts it; undefined where there is no /proc. */
export interface Memory {
  readonly residentKiB: number
  /** The most there ever was. */
  readonly peakKiB: number
}

export function memoryOf(pid: number): Memory | undefined {
  const path = `/proc/${pid}/status`
  if (!existsSync(path)) return undefined
  const status = readFileSync(path, 'utf8')
  const read = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
  return { residentKiB: read('VmRSS'), peakKiB: read('VmHWM') }
}
