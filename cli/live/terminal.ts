import { cut } from '../output/text.ts'

/** A block of lines at the end of a terminal that is drawn over itself. */
export interface LiveBlock {
  /** Shows these lines instead of the last ones. Equal lines are not drawn again. */
  readonly draw: (lines: readonly string[]) => void
  /** Leaves the last lines where they are; later output goes below. */
  readonly end: () => void
}

/** The part of a terminal that is needed; `process.stderr` has it. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  write(text: string): unknown
}

const CLEAR_BELOW = '\u001b[0J'
const up = (lineCount: number): string => (lineCount > 0 ? `\u001b[${lineCount}A` : '')

/** A terminal that does not know its size says 0; this one fits everywhere. */
const FALLBACK = { columns: 80, rows: 24 } as const

/** Lines are cut to the width and the block to the height, because a wrapped or scrolled line cannot be drawn over. */
export function liveBlock(screen: Screen): LiveBlock {
  let drawn: readonly string[] = []
  let ended = false
  return {
    draw(lines) {
      if (ended) return
      const columns = screen.columns || FALLBACK.columns
      const rows = screen.rows || FALLBACK.rows
      const next = lines.slice(0, Math.max(1, rows - 1)).map((line) => cut(line, columns - 1))
      if (next.length === drawn.length && next.every((line, index) => line === drawn[index])) return
      screen.write(`${up(drawn.length)}\r${CLEAR_BELOW}${next.map((line) => `${line}\n`).join('')}`)
      drawn = next
    },
    end() {
      ended = true
    },
  }
}
