import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
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
