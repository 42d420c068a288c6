import { drizzle, type DrizzleD1Database } from 'drizzle-orm/d1'
import * as schema from './schema.ts'

export type Db = DrizzleD1Database<typeof schema>

/** The typed door to one D1 database. Cheap: call it once per request or object event. */
export const openDb = (d1: D1Database): Db => drizzle(d1, { schema })
