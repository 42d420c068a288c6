import { describe, expect, test } from 'vitest'
import { COLOURED, PLAIN, styleFor } from '#cli/output/style.ts'
import { renderTable, type Column } from '#cli/output/table.ts'
import { cut, parseDuration, printable, sayAge, sayDuration } from '#cli/output/text.ts'

interface Row {
  readonly name: string
  readonly count?: number
  readonly note?: string
}
const columns: readonly Column<Row>[] = [
  { title: 'NAME', cell: (row) => row.name, style: (text) => COLOURED.green(text) },
  { title: 'COUNT', cell: (row) => row.count, align: 'right' },
  { title: 'NOTE', cell: (row) => row.note, wide: true },
]

describe('tables', () => {
  test('columns are aligned by what is visible, whatever the colours', () => {
    expect(
      renderTable(columns, [
        { name: 'a', count: 5 },
        { name: 'longer', count: 120 },
      ]),
    ).toEqual(['NAME     COUNT', `${COLOURED.green('a')}            5`, `${COLOURED.green('longer')}     120`])
  })

  test('wide columns come only when asked for, and nothing is shown as a dash', () => {
    expect(renderTable([columns[1]!, columns[2]!], [{ name: 'a', note: 'x' }], { wide: true })).toEqual([
      'COUNT   NOTE',
      '    -   x',
    ])
  })

  test('text from elsewhere cannot move the cursor or turn the direction', () => {
    expect(printable('a\u001b[2Jb\nc\u202ed')).toBe('ab c d')
    expect(renderTable([{ title: 'X', cell: () => 'a\rb' }], [{ name: '' }])).toEqual(['X', 'a b'])
  })
})

describe('durations', () => {
  test.each([
    [-5, '0s', '0s'],
    [59_000, '59s', '59s'],
    [125_000, '2m 05s', '2m'],
    [3 * 3_600_000 + 600_000, '3h 10m', '3h'],
    [12 * 86_400_000, '12d', '12d'],
  ])('%i ms', (ms, duration, age) => {
    expect([sayDuration(ms), sayAge(ms)]).toEqual([duration, age])
  })

  test('are read with their unit only', () => {
    expect(['90s', '30m', '2h', '30', '0s', '1d', '1.5h'].map(parseDuration)).toEqual([
      90_000,
      1_800_000,
      7_200_000,
      ...Array.from({ length: 4 }, () => undefined),
    ])
  })

  test('a cut line says that it was cut and holds no half colour', () => {
    expect(cut(COLOURED.red('abcdef'), 4)).toBe('abc…')
    expect(cut(COLOURED.red('abcd'), 4)).toBe(COLOURED.red('abcd'))
  })
})

test.each([
  [true, {}, COLOURED],
  [false, {}, PLAIN],
  [true, { NO_COLOR: '1' }, PLAIN],
  [false, { CLICOLOR_FORCE: '1' }, COLOURED],
  [false, { CLICOLOR_FORCE: '0' }, PLAIN],
  [true, { TERM: 'dumb' }, PLAIN],
])('colours on a terminal (%s) with %o follow NO_COLOR and CLICOLOR_FORCE', (terminal, env, style) => {
  expect(styleFor(terminal, env)).toBe(style)
})
