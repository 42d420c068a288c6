import { Command, InvalidArgumentError } from 'commander'

export interface DemoOptions {
  /** End when the cluster is ready, instead of staying up. */
  readonly once: boolean
  /** One JSON object as the last line of stdout. */
  readonly json: boolean
  readonly rate: number
}

/** Slow enough to watch, fast enough for a coffee. */
const DEFAULT_RATE = 20
/** Beyond this the real work of the processes outweighs the simulated time. */
const MAX_RATE = 500

export function readOptions(args: readonly string[]): DemoOptions {
  return new Command('npm run demo --')
    .description('A control plane, an agent and a simulated Proxmox host on this machine, and a cluster made on it.')
    .option('--once', 'end when the cluster is ready', false)
    .option('--json', 'print one JSON object as the last line', false)
    .option('--rate <n>', 'how much faster than life the lab is', readRate, DEFAULT_RATE)
    .parse(args, { from: 'user' })
    .opts<DemoOptions>()
}

function readRate(text: string): number {
  const rate = Number(text)
  if (!(rate >= 1 && rate <= MAX_RATE)) throw new InvalidArgumentError(`a number from 1 to ${MAX_RATE}`)
  return rate
}
