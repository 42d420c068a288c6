import { writeSync } from 'node:fs'

/**
 * The crash test's hook: the journal and the session call it before and after every commit and every frame, and with
 * `CRASH_AT=n` in the environment the process kills itself at the n-th call, the way a power cut would: no handler
 * runs, nothing is flushed. One that ends before that says how many calls there were. Without `CRASH_AT` it is a
 * function that does nothing.
 */
export type Boundary = (name: string) => void

export const noBoundary: Boundary = () => undefined

export function createBoundary(crashAt: string | undefined): Boundary {
  const target = Number(crashAt)
  if (!crashAt || !Number.isInteger(target) || target < 1) return noBoundary
  let passed = 0
  process.once('exit', () => writeSync(2, `crash points passed: ${passed}\n`))
  return (name) => {
    passed += 1
    if (passed !== target) return
    writeSync(2, `crash point ${passed}: ${name}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
}
