import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      'test/db/vitest.config.ts',
      'test/workers/api/vitest.config.ts',
      'test/durable-objects/vitest.config.ts',
      {
        test: {
          name: 'node',
          include: ['test/{core,agent,cli,lab,contract,tools}/**/*.test.ts'],
          environment: 'node',
        },
      },
    ],
  },
})
