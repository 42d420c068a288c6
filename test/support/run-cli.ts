import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PLAIN } from '#cli/output/style.ts'
import { runProgram } from '#cli/program.ts'

/** The CLI with nothing of this machine's configuration: as a process, or as a call where the process itself does not matter. */
export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Running {
  readonly process: ChildProcessWithoutNullStreams
  /** Resolves when stdout and stderr together hold the text; the test's own timeout is the bound. */
  readonly until: (text: string) => Promise<void>
  readonly ended: Promise<Ended>
}

const { PATH, NODE_COMPILE_CACHE } = process.env

export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [`${REPOSITORY}cli/main.ts`, ...args], {
    cwd: REPOSITORY,
    env: { PATH, NODE_COMPILE_CACHE, HOME: '/nonexistent', NO_COLOR: '1', TZ: 'UTC', ...env },
  })
  let out = ''
  let err = ''
  const waiting = new Set<() => void>()
  const heard = () => waiting.forEach((check) => check())
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    heard()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
    heard()
  })
  return {
    process: child,
    until: (text) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!`${out}${err}`.includes(text)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        child.once('close', () => reject(new Error(`the CLI ended without "${text}":\n${out}${err}`)))
        check()
      }),
    ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err }))),
  }
}

export async function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdin = '',
): Promise<Ended> {
  const running = startCli(args, env)
  running.process.stdin.end(stdin)
  return running.ended
}

/** The same program in this process: everything but signals, stdin and the exit itself. */
export async function callCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const lines: { out: string[]; err: string[] } = { out: [], err: [] }
  const code = await runProgram(args, {
    out: (line) => lines.out.push(line),
    say: (line) => lines.err.push(line),
    outStyle: PLAIN,
    style: PLAIN,
    env: { HOME: '/nonexistent', ...env },
    interactive: false,
    screen: undefined,
    now: () => Date.now(),
    signal: new AbortController().signal,
  })
  const text = (each: readonly string[]) => each.map((line) => `${line}\n`).join('')
  return { code, out: text(lines.out), err: text(lines.err) }
}
