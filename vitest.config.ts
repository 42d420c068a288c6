import { defineConfig } from 'vitest/config'

// Of everything that tests start, Node keeps what it compiled: a start of the CLI costs half of what it did.
process.env['NODE_COMPILE_CACHE'] ??= `${import.meta.dirname}/node_modules/.cache/compiled`

export default defineConfig({
  test: {
    // What a passing test logs is noise. An option of the whole run: in a project it would not count.
    silent: 'passed-only',
    projects: [
      'test/db/vitest.config.ts',
      'test/workers/api/vitest.config.ts',
      'test/durable-objects/vitest.config.ts',
      'test/trip/vitest.config.ts',
      {
        test: {
          name: 'node',
          include: ['test/{core,agent,cli,lab,contract,tools}/**/*.test.ts'],
          environment: 'node',
          // By default one core is left idle, which of two is half of the machine.
          maxWorkers: 2,
          // Tests keep no state in modules, so the files of one worker share them: loading took most of the time.
          isolate: false,
          // Projects with bounds of their own run one after the other.
          sequence: { groupOrder: 1 },
          // Real processes, sockets and RSA keys on a busy machine; this only ends a hang.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
})
