import { defineConfig } from 'drizzle-kit'

/** `npm run generate:migrations` compares db/schema.ts with migrations/meta and writes the next SQL file. Offline. */
export default defineConfig({ dialect: 'sqlite', schema: './db/schema.ts', out: './migrations' })
