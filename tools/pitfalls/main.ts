import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PITFALLS, titlesByPitfall } from './pitfalls.ts'

/** `node tools/pitfalls/main.ts`: each pitfall with the tests that hold it, and how many there are. */
const TESTS = fileURLToPath(new URL('../../test/', import.meta.url))
const sources = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(TESTS + name, 'utf8'))
const titles = titlesByPitfall(sources)

for (const { number, about, notApplicable, open } of PITFALLS) {
  console.log(`${number}. ${about}`)
  if (notApplicable !== undefined) console.log(`     does not apply: ${notApplicable}`)
  if (open !== undefined) console.log(`     open: ${open}`)
  for (const title of titles.get(number) ?? []) console.log(`     ${title}`)
}
const covered = PITFALLS.filter(({ number }) => titles.has(number)).length
const excused = PITFALLS.filter(({ notApplicable }) => notApplicable !== undefined).length
console.log(`pitfalls covered: ${covered} of ${PITFALLS.length} (${excused} do not apply)`)
