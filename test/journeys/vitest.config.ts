import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import trip from '../trip/vitest.config.ts'

const root = resolve(import.meta.dirname, '../..')

/** The long journeys: a change and a deletion in every phase of a creation, what goes wrong at a site, restarts of the cloud. */
export default defineConfig({
  ...trip,
  test: { ...trip.test, name: 'journeys', dir: `${root}/test/journeys`, silent: 'passed-only' },
})
