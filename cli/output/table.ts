import { printable, widthOf } from './text.ts'

/** Columns the way kubectl prints them: aligned, no borders, two or more spaces apart, empty cells as `-`. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string | number | undefined
  /** Decorates the cell after it was measured. */
  readonly style?: ((text: string, row: Row) => string) | undefined
  readonly align?: 'left' | 'right' | undefined
  /** Shown with `-o wide` only. */
  readonly wide?: boolean | undefined
}

const GAP = '   '
/** A cell is a word or two; longer texts belong to `describe`. */
const MAX_CELL_CHARS = 120

export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { readonly wide?: boolean; readonly header?: boolean } = {},
): readonly string[] {
  const shown = columns.filter((column) => options.wide === true || column.wide !== true)
  const cells = rows.map((row) => shown.map((column) => cellText(column.cell(row))))
  const widths = shown.map((column, index) =>
    Math.max(options.header === false ? 0 : widthOf(column.title), ...cells.map((line) => widthOf(line[index] ?? ''))),
  )
  const line = (texts: readonly string[], decorate: (text: string, index: number) => string): string =>
    texts
      .map((text, index) => {
        const space = ' '.repeat((widths[index] ?? 0) - widthOf(text))
        const decorated = decorate(text, index)
        return shown[index]?.align === 'right' ? space + decorated : decorated + space
      })
      .join(GAP)
      .trimEnd()

  const header =
    options.header === false
      ? []
      : [
          line(
            shown.map((column) => column.title),
            (text) => text,
          ),
        ]
  return [
    ...header,
    ...rows.map((row, at) => line(cells[at] ?? [], (text, index) => shown[index]?.style?.(text, row) ?? text)),
  ]
}

function cellText(value: string | number | undefined): string {
  if (value === undefined || value === '') return '-'
  const text = printable(String(value))
  return text.length > MAX_CELL_CHARS ? `${text.slice(0, MAX_CELL_CHARS - 1)}…` : text
}
