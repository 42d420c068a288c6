import { expect, test } from 'vitest'
import { readText, sourcesIn } from '#test/support/repository.ts'

/** What the types cannot hold: nobody goes around the declaration of a route (workers/api/route.ts). */
const sources = sourcesIn('workers/api')
const containing = (pattern: RegExp) => sources.filter((path) => pattern.test(readText(path)))

test('[A20] only workers/api/route.ts declares routes', () => {
  expect(containing(/\bcreateRoute\b/)).toEqual(['workers/api/route.ts'])
})

test('[A20] a handler that is registered by hand names what it requires', () => {
  const byHand = sources.flatMap((path) =>
    [...readText(path).matchAll(/\bapp\s*\.(get|post|put|patch|delete|all|on)\((.*)/g)].map(([, , rest = '']) => ({
      path,
      rest,
    })),
  )
  expect(byHand.length).toBeGreaterThan(0)
  expect(byHand.filter(({ rest }) => !rest.includes('requires({'))).toEqual([])
})
