/**
 * What `wget --progress=dot:giga` writes into the log of a download while it runs: a dot for each MiB, a line for each 32,
 * with the percent when the line is full. Source: wget's manual; the last line as recorded in flow-default-8.4.
 */
const DOTS_PER_GROUP = 8
const GROUPS = 4
const MIB = 1024 ** 2
const LINE_BYTES = DOTS_PER_GROUP * GROUPS * MIB
/** Of the dots with the gaps between their groups. */
const DOTS_WIDTH = DOTS_PER_GROUP * GROUPS + GROUPS - 1

export interface WgetLine {
  readonly text: string
  /** How much of the file is there when the line is written, 0…1. */
  readonly part: number
}

export function wgetLines(sizeBytes: number): readonly WgetLine[] {
  const count = Math.max(1, Math.ceil(sizeBytes / LINE_BYTES))
  return Array.from({ length: count }, (_, index) => {
    const start = index * LINE_BYTES
    const end = Math.min(sizeBytes, start + LINE_BYTES)
    const dots = Math.max(1, Math.floor((end - start) / MIB))
    const groups = ['.'.repeat(dots).match(/.{1,8}/g) ?? []].flat().join(' ')
    const percent = String(Math.floor((end / Math.max(1, sizeBytes)) * 100)).padStart(3)
    return {
      text: `${String(start / 1024).padStart(6)}K ${groups.padEnd(DOTS_WIDTH)}${percent}%`,
      part: sizeBytes === 0 ? 1 : end / sizeBytes,
    }
  })
}
