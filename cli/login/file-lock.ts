import { mkdir, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * One process at a time: kubectl starts several plugins at once, and a refresh token that rotates is good for one of
 * them. A lock whose holder died is taken over once it is older than any holder needs.
 */
const STALE_MS = 60_000
const LOOK_AGAIN_MS = 100

export interface LockDeps {
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
}

/** Runs `work` with the lock held; waits at most until a dead holder's lock is stale, then takes it. */
export async function withFileLock<T>(path: string, deps: LockDeps, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  while (!(await taken(path))) {
    if (await isStale(path, deps.now())) await rm(path, { force: true })
    else await deps.sleep(LOOK_AGAIN_MS)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function taken(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function isStale(path: string, now: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && now - found.mtimeMs > STALE_MS
}
