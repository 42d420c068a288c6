import { expect, test } from 'vitest'
import { readText, sourcesIn } from '#test/support/repository.ts'
import { PITFALLS, titlesByPitfall } from '#tools/pitfalls/pitfalls.ts'

/** The list of pitfalls and the titles of the tests that hold them. */
const titles = titlesByPitfall(
  sourcesIn('test')
    .filter((path) => path.endsWith('.test.ts'))
    .map(readText),
)

test('every pitfall has a test that names it, or a reason why it has none', () => {
  const without = PITFALLS.filter(
    ({ number, notApplicable, open }) => !titles.has(number) && notApplicable === undefined && open === undefined,
  )
  expect(without.map(({ number, about }) => `${number} ${about}`)).toEqual([])
  expect(PITFALLS).toHaveLength(62)
})

test('a reason goes when its test comes, and no test names a pitfall that is not listed', () => {
  const excused = PITFALLS.filter(({ notApplicable, open }) => notApplicable !== undefined || open !== undefined)
  expect(excused.filter(({ number }) => titles.has(number))).toEqual([])
  expect([...titles.keys()].filter((number) => number < 1 || number > PITFALLS.length)).toEqual([])
})

test('titles are found in tests and tables, and nowhere else', () => {
  const source = [
    "test('[pitfall 3] one', () => {})",
    "test.each([[1], [2]] as const)('[O20] [pitfall 4] two of %i', () => {})",
    '// test of [pitfall 5]',
    "test('another [pitfall 6]', () => {})",
  ].join('\n')
  expect([...titlesByPitfall([source]).keys()]).toEqual([3, 4])
})
