import { spawnSync } from 'node:child_process'
import { TALOS_CONTRACTS, type TalosContract } from '#core/talos/contracts/contract-for.ts'

/** A program made of a main.go for each version of Talos' own library; they need Go, so they are extras. */
export interface Peer {
  readonly library: TalosContract
  readonly variable: string
  readonly program: string | undefined
  /** What this library knows: its own contract and older ones. */
  readonly contracts: readonly TalosContract[]
}

export const peersOf = (prefix: string): readonly Peer[] =>
  TALOS_CONTRACTS.map((library, index) => {
    const variable = `${prefix}_${library.replace('.', '_')}`
    const program = process.env[variable]
    if (program === undefined)
      print(
        `extra: ${variable} is not set (npx node test/extra/build-peers.ts makes it); nothing was compared with Talos ${library}`,
      )
    return { library, variable, program, contracts: TALOS_CONTRACTS.slice(0, index + 1) }
  })

export const PEERS: readonly Peer[] = peersOf('LANLINE_TALOS_GENERATE')

export interface Answer {
  readonly Out: string
  readonly Warnings: readonly string[] | null
  readonly Err: string
}

const MAX_OUTPUT_BYTES = 1024 * 1024 * 1024

/** One answer for each request, in order. */
export function askPeer(program: string, requests: readonly object[]): readonly Answer[] {
  const input = requests.map((request) => JSON.stringify(request)).join('\n')
  const { stdout } = spawnSync(program, { input, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'utf8' })
  const lines = stdout.trim()
  return lines === '' ? [] : lines.split('\n').map((line) => JSON.parse(line) as Answer)
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
