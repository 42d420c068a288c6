import { parseArgs } from 'node:util'
import { makeMany } from './many-machines.ts'
import { printMany, toManyReport } from './many-report.ts'
import { play } from './play.ts'
import { timePlacement } from './placement-time.ts'
import { STORIES, timePlanner } from './planner-time.ts'
import { benchLanes, printLanes } from './lanes/bench-lanes.ts'
import { print, printPlacement } from './print.ts'
import { toReport } from './report.ts'

const HELP = `Measures what Lanline itself adds to the work it has done: a creation in the lab, an idle hour, the agent, the planner.

  npm run bench -- [--rate N] [--quick] [--placement | --machines | --lanes] [--json]

  --rate N   how much faster than life the lab runs (default 4). The faster, the more every real millisecond of the
             product weighs against the seconds of the lab
  --quick    the same at rate 20 and with a shorter idle hour; its ratio is not the one to compare with the target
  --placement  only how long placement thinks and how evenly it fills hosts; seconds, without the lab
  --machines   only how long the agent takes for 50 machines on 4 hosts, without the cloud; about a minute
  --lanes      only what the way through a data lane costs beside the straight way; about two minutes
  --json     one JSON object on standard output, and nothing else there
  --help     this text`
const DEFAULT_RATE = 4
const QUICK_RATE = 20
const MAX_RATE = 1_000
/** Real seconds that stand for an hour. */
const IDLE_S = 60
const QUICK_IDLE_S = 15
const MACHINE_COUNTS = [1, 100, 1_000]
/** Hosts and machines of one site. */
const SITES = [
  [4, 50],
  [32, 1_000],
] as const

const { values } = parseArgs({
  options: {
    rate: { type: 'string' },
    quick: { type: 'boolean', default: false },
    placement: { type: 'boolean', default: false },
    machines: { type: 'boolean', default: false },
    lanes: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const rate = Number(values.rate ?? (values.quick ? QUICK_RATE : DEFAULT_RATE))
if (values.help) console.log(HELP)
else if (values.placement) {
  const placement = timesOfPlacement()
  console.log(values.json ? JSON.stringify({ placement }) : printPlacement(placement).join('\n'))
} else if (!(rate > 0 && rate <= MAX_RATE)) {
  console.error(`--rate ${values.rate} is not a number above 0 and at most ${MAX_RATE}`)
  process.exitCode = 2
} else if (values.machines) await benchMachines()
else if (values.lanes) {
  const lanes = await benchLanes((text) => console.error(`bench: ${text}`))
  console.log(values.json ? JSON.stringify({ lanes }) : printLanes(lanes).join('\n'))
} else await bench()

function timesOfPlacement() {
  return SITES.map(([hosts, machines]) => timePlacement(hosts, machines))
}

/** The whole creation of a cluster is measured by the other story; here what counts is the hosts' work in parallel. */
async function benchMachines(): Promise<void> {
  const report = toManyReport(await makeMany(rate))
  console.log(values.json ? JSON.stringify({ machines: report }) : printMany(report).join('\n'))
}

async function bench(): Promise<void> {
  const say = (text: string): void => console.error(`bench: ${text}`)
  const planner = MACHINE_COUNTS.flatMap((count) => STORIES.map((story) => timePlanner(count, story)))
  const played = await play(rate, values.quick ? QUICK_IDLE_S : IDLE_S, say)
  const report = toReport(played, planner, timesOfPlacement())
  console.log(values.json ? JSON.stringify(report) : `\n${print(report)}`)
}
