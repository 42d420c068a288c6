import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { tarFile } from '../../talos/files/tar.ts'
import type { PodFiles } from './pod-files.ts'
import { readTar } from './read-tar.ts'

/**
 * What can be run inside a pod of the lab: a handful of commands as busybox has them, enough for people and for `kubectl cp`.
 * Nothing of it is ever run on the machine of the lab.
 */
export interface Process {
  readonly args: readonly string[]
  readonly files: PodFiles
  readonly hostname: string
  readonly tty: boolean
  /** Input as it comes; ends when the caller closes it, or never when there is none. */
  readonly input: AsyncIterable<Buffer>
  readonly out: (bytes: Buffer | string) => void
  readonly err: (bytes: Buffer | string) => void
  /** The size of the caller's terminal, once told. */
  readonly size: () => { readonly width: number; readonly height: number } | undefined
  readonly signal: AbortSignal
}

type Run = (process: Process) => Promise<number> | number

const MAX_INPUT_BYTES = 256 * 1024 * 1024
const NOT_FOUND = 127
const MAX_SLEEP_S = 3_600

const COMMANDS: Readonly<Record<string, Run>> = {
  true: () => 0,
  false: () => 1,
  echo: ({ args, out }) => (out(`${args.slice(1).join(' ')}\n`), 0),
  hostname: ({ hostname, out }) => (out(`${hostname}\n`), 0),
  async cat({ args, files, input, out, err }) {
    if (args.length === 1) for await (const piece of input) out(piece)
    let code = 0
    for (const path of args.slice(1)) {
      const file = files.get(path)
      if (file) out(file.content)
      else {
        err(`cat: ${path}: No such file or directory\n`)
        code = 1
      }
    }
    return code
  },
  async sha256sum({ input, out }) {
    const hash = createHash('sha256')
    for await (const piece of input) hash.update(piece)
    out(`${hash.digest('hex')}  -\n`)
    return 0
  },
  stty({ size, out }) {
    const now = size()
    out(now ? `${now.height} ${now.width}\n` : 'not a tty\n')
    return now ? 0 : 1
  },
  async sleep({ args, signal }) {
    const ms = Math.min(Number(args[1]) || 0, MAX_SLEEP_S) * 1000
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
    })
    return 0
  },
  /** `head -c N /dev/zero`: as much as somebody wants to try a transfer with. */
  async head({ args, out, signal }) {
    let left = args[1] === '-c' ? Number(args[2]) || 0 : 0
    while (left > 0 && !signal.aborted) {
      const piece = Math.min(left, 32 * 1024)
      out(Buffer.alloc(piece))
      left -= piece
      await new Promise((resolve) => setImmediate(resolve))
    }
    return 0
  },
  tar: (process) => (process.args.some((arg) => /^-?x/.test(arg)) ? untar(process) : tar(process)),
  sh: shell,
  '/bin/sh': shell,
  bash: shell,
}

export async function runCommand(process: Process): Promise<number> {
  const [name = ''] = process.args
  const command = COMMANDS[name]
  if (command) return await command(process)
  process.err(`sh: ${name}: not found\n`)
  return NOT_FOUND
}

/** `tar cf - PATH`, as `kubectl cp` asks when it copies out. */
function tar({ args, files, out, err }: Process): number {
  const path = args.at(-1) ?? '/'
  const found = files.below(path)
  if (found.length === 0) {
    err(`tar: ${path}: No such file or directory\n`)
    return 1
  }
  for (const [name, { content }] of found) out(tarFile(name.replace(/^\//, ''), content))
  out(Buffer.alloc(1024))
  return 0
}

/** `tar -xmf - -C FOLDER`, as `kubectl cp` asks when it copies in. */
async function untar({ args, files, input, err }: Process): Promise<number> {
  const at = args.indexOf('-C')
  const folder = at >= 0 ? (args[at + 1] ?? '/') : '/'
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of input) {
    size += piece.length
    if (size > MAX_INPUT_BYTES) break
    pieces.push(piece)
  }
  for (const { name, mode, content } of readTar(Buffer.concat(pieces)))
    if (!files.put(posix.join('/', folder, name), { content, mode })) {
      err('tar: No space left on device\n')
      return 1
    }
  return 0
}

/** `sh -c LINE`, or lines as they are typed until `exit`. */
async function shell(process: Process): Promise<number> {
  const { args, input, out, tty } = process
  if (args[1] === '-c') return (await runLine(process, args[2] ?? '')).code
  let typed = ''
  let code = 0
  if (tty) out('/ # ')
  for await (const piece of input) {
    if (tty) out(piece.toString('utf8').replaceAll('\r', '\r\n'))
    typed += piece.toString('utf8').replaceAll('\r', '\n')
    for (let end = typed.indexOf('\n'); end >= 0; end = typed.indexOf('\n')) {
      const line = typed.slice(0, end).trim()
      typed = typed.slice(end + 1)
      // Ctrl-C and Ctrl-D.
      if (line.includes('\u0004')) return code
      const done = await runLine(process, line.replaceAll('\u0003', ''))
      ;({ code } = done)
      if (done.exited) return code
      if (tty) out('/ # ')
    }
  }
  return code
}

/** Commands of a line one after the other; `exit N` ends the shell. */
async function runLine(process: Process, line: string): Promise<{ readonly code: number; readonly exited: boolean }> {
  let code = 0
  for (const part of line.split(';').map((text) => text.trim())) {
    if (part === '') continue
    const args = part.split(/\s+/).map((arg) => arg.replaceAll(/^['"]|['"]$/g, ''))
    if (args[0] === 'exit') return { code: Number(args[1] ?? code) & 0xff, exited: true }
    const toErr = args.at(-1) === '>&2'
    code = await runCommand({
      ...process,
      args: toErr ? args.slice(0, -1) : args,
      out: toErr ? process.err : process.out,
    })
  }
  return { code, exited: false }
}
