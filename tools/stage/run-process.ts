import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** One of the product's own programs, run as a person would: from source, in a process of its own. */
export interface Program {
  readonly pid: number
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** The newest lines of its output, stdout and stderr together. */
  readonly lines: readonly string[]
  /** Ends it; by force when it does not end by itself. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Programs that have not ended. Whoever started them may end in a hurry, and nothing may be left behind then. */
const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

const KEPT_LINES = 500
const STOP_LIMIT_MS = 8_000

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly onLine?: ((line: string) => void) | undefined
}

/** Starts `node <script> …` from the checkout and keeps its newest lines. */
export function runProgram(script: string, args: readonly string[], options: RunOptions = {}): Program {
  const child = spawn(process.execPath, [`${ROOT}${script}`, ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    // Its own group: Ctrl-C in a terminal reaches the one who started it, who then ends it in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  alive.add(child)
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      if (lines.length > KEPT_LINES) lines.shift()
      options.onLine?.(line)
    })
  const ended = endOf(child)
  return {
    pid: child.pid ?? 0,
    ended,
    lines,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      if ((await Promise.race([ended, wait(STOP_LIMIT_MS, 'late' as const, { ref: false })])) === 'late') {
        child.kill('SIGKILL')
        await ended
      }
    },
  }
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  alive.delete(child)
  return { code, signal }
}

/** Runs a program to its end and returns what it printed; throws with its output when it fails. */
export async function runToEnd(
  script: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<readonly string[]> {
  const program = runProgram(script, args, options)
  const { code } = await program.ended
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${code}:\n${program.lines.join('\n')}`)
  return program.lines
}
