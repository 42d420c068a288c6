import { expect, test } from 'vitest'
import { readText, sourcesIn } from '#test/support/repository.ts'

/** docs/rules.md, the titles of the tests and the comments of the code name the same rules. */
const ID = /[ACKLOPRS]\d{1,2}/
const listed = readText('docs/rules.md')
  .split('\n')
  .flatMap((line) => /^- \*\*([A-Z]\d{1,2})\*\* /.exec(line)?.[1] ?? [])

const cited = new Map<string, string>()
for (const path of sourcesIn('test'))
  for (const [, id = ''] of readText(path).matchAll(new RegExp(`\\[(${ID.source})\\](?=[ \\[])`, 'g')))
    cited.set(id, path)

test('a rule is listed once', () => {
  expect(listed.length).toBeGreaterThan(0)
  expect(listed).toEqual([...new Set(listed)])
})

test('every rule that a test cites is listed in docs/rules.md', () => {
  expect([...cited].filter(([id]) => !listed.includes(id)).map(([id, path]) => `${id} in ${path}`)).toEqual([])
})

test('every rule that is listed is proven by a test that cites it', () => {
  expect(listed.filter((id) => !cited.has(id))).toEqual([])
})

test('every rule that a comment names is listed', () => {
  const named = new RegExp(
    `\\((?:rules? )?(${ID.source})\\)|rules? (${ID.source})|^ +\\*? +(${ID.source}) +[A-Z]`,
    'gm',
  )
  const folders = ['agent', 'cli', 'core', 'db', 'durable-objects', 'lab', 'tools', 'workers']
  const unknown = sourcesIn(...folders).flatMap((path) =>
    [...readText(path).matchAll(named)]
      .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
      .filter((id) => !listed.includes(id))
      .map((id) => `${id} in ${path}`),
  )
  expect(unknown).toEqual([])
})
