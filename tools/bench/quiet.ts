import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from '#lab/control-plane/start.ts'
import { until } from '../stage/until.ts'
import { readCopies } from './sqlite-copy.ts'

/** News of one thing that happened arrives within this time; so long nothing may be counted. */
const STILL_MS = 2_000
/** The longest alarm after a creation is the planner's last look; twice that. */
const QUIET_LIMIT_MS = 5 * 60_000

/** Until everything that was on its way has been counted. */
export async function untilStill(plane: ControlPlane): Promise<void> {
  let last = ''
  let since = Date.now()
  await until('nothing is counted any more', QUIET_LIMIT_MS, () => {
    const now = JSON.stringify(plane.usage.counts())
    if (now !== last) since = Date.now()
    last = now
    return Date.now() - since >= STILL_MS
  })
}

/**
 * Until no object has an alarm and nothing is counted. Alarms run in real time, whatever the rate of the lab: an hour
 * that is measured in less than one must not begin while one is armed.
 */
export async function untilQuiet(plane: ControlPlane, planeDir: string): Promise<void> {
  await until('no alarm is armed', QUIET_LIMIT_MS, () => armedAlarms(planeDir) === 0)
  await untilStill(plane)
}

/** workerd keeps the alarms of a class in a database of its own; it is read in a copy. */
export function armedAlarms(planeDir: string): number {
  const objects = join(planeDir, 'v3/do')
  return readdirSync(objects).reduce((total, className) => total + armedIn(join(objects, className)), 0)
}

function armedIn(dir: string): number {
  const counts = readCopies(
    dir,
    (file) => file === 'metadata.sqlite',
    (database) =>
      database
        .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
        .all()
        .filter(({ name }) => /alarm/i.test(String(name)))
        .map(({ name }) => Number(database.prepare(`SELECT count(*) AS n FROM "${String(name)}"`).get()?.['n'])),
  )
  return counts.flat().reduce((total, count) => total + count, 0)
}
