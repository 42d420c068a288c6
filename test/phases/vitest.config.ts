import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import trip from '../trip/vitest.config.ts'

const root = resolve(import.meta.dirname, '../..')

/** Every phase of a creation is met by a change and by a deletion: the journeys of test/trip, all of them. */
export default defineConfig({
  ...trip,
  test: { ...trip.test, name: 'phases', dir: `${root}/test/phases`, silent: 'passed-only' },
})
