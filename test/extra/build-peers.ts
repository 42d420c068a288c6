import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Builds the Go programs of this folder against every version of Talos' own library that they are compared with, and
 * prints the lines that tell `npm run test:extra` where they are:
 *
 *   npx node test/extra/build-peers.ts > /tmp/peers.env && . /tmp/peers.env && npm run test:extra
 *
 * It needs Go and, once, the network. Of modules that no proxy has, LANLINE_GO_REPLACE names others or checkouts, as in
 * "github.com/siderolabs/image-factory=/src/image-factory". The real talosctl is downloaded or built apart:
 * LANLINE_TALOSCTL names its binary.
 */
const LIBRARIES = { '1_12': 'v1.12.6', '1_13': 'v1.13.9', '1_14': 'v1.14.1' } as const
const MACHINERY = 'github.com/siderolabs/talos/pkg/machinery'

interface Peer {
  readonly folder: string
  readonly variable: string
  /** The version of the library; what go.mod names without it. */
  readonly library?: string
}

/** The machinery program of 1.13 is asked by a variable without a minor, too. */
const PEERS: readonly Peer[] = [
  ...Object.entries(LIBRARIES).flatMap(([minor, library]) =>
    ['generate', 'merge', 'machinery'].map((name) => ({
      folder: `talos-${name}`,
      variable: `LANLINE_TALOS_${name.toUpperCase()}${name === 'machinery' && minor === '1_13' ? '' : `_${minor}`}`,
      library,
    })),
  ),
  { folder: 'talos-schematic', variable: 'LANLINE_TALOS_SCHEMATIC' },
]

const wanted = process.argv.slice(2)
const replaced = (process.env['LANLINE_GO_REPLACE'] ?? '').split(' ').filter((pair) => pair !== '')
const target = join(tmpdir(), 'lanline-peers')

for (const peer of PEERS.filter(({ folder }) => wanted.length === 0 || wanted.includes(folder))) {
  const program = join(target, 'bin', peer.variable.toLowerCase())
  const failed = build(peer, program)
  if (failed === undefined) process.stdout.write(`export ${peer.variable}=${program}\n`)
  else {
    process.stderr.write(`${peer.variable}: ${failed}\n`)
    process.exitCode = 1
  }
}

/** In a copy, because another version of the library writes another go.mod. Undefined when it is built. */
function build({ folder, variable, library }: Peer, program: string): string | undefined {
  const copy = join(target, variable.toLowerCase())
  mkdirSync(join(target, 'bin'), { recursive: true })
  cpSync(join(import.meta.dirname, folder), copy, { recursive: true })
  const steps = [
    ...replaced.map((pair) => ['mod', 'edit', '-replace', pair]),
    ...(library === undefined ? [] : [['get', `${MACHINERY}@${library}`]]),
    ['mod', 'tidy'],
    ['build', '-o', program, '.'],
  ]
  for (const step of steps) {
    const { status, stderr, error } = spawnSync('go', step, { cwd: copy, encoding: 'utf8' })
    if (status !== 0)
      return `go ${step.join(' ')}: ${error?.message ?? stderr.trim().split('\n').slice(-3).join(' | ')}`
  }
  return undefined
}
