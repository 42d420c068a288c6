import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = resolve(import.meta.dirname, '../..')

/** Whole journeys: the cloud half in a local workerd, a lab, and real agent processes. */
export default defineConfig({
  root,
  test: {
    name: 'trip',
    dir: `${root}/test/trip`,
    include: ['**/*.test.ts'],
    environment: 'node',
    // Journeys mostly wait for what is far away, so two files at a time end sooner on two cores.
    maxWorkers: 2,
    sequence: { groupOrder: 2 },
    // Each has an agent process and a lab of its own.
    maxConcurrency: 3,
    // A journey has its own limits, which say what it waited for in vain; these only end a hang.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
})
