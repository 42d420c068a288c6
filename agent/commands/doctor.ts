import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { realClock } from '../clock.ts'
import { loadConfig, stateDirOf } from '../config/load-config.ts'
import { OWN_CHECKS, SITE_CHECKS } from '../doctor/all-checks.ts'
import { besideTheUnit } from '../doctor/beside-the-unit.ts'
import { examine } from '../doctor/examine.ts'
import { exitCodeOf, type Finding } from '../doctor/finding.ts'
import { openOwnLook, openSiteLook } from '../doctor/open-looks.ts'
import { sayFindings } from '../doctor/print.ts'
import { readWanted, type Wanted } from '../doctor/wanted.ts'
import { askDesk, deskSocketPath, StatusAnswer, statusQuestion } from './desk-socket.ts'
import { fail } from './fail.ts'

interface Options {
  readonly config?: string
  readonly stateDir?: string
  readonly siteFile?: readonly string[]
  readonly json?: boolean
}

/** Exit codes: 0 nothing keeps the agent from its work, 1 a problem was found, 2 the doctor could not begin. */
const COULD_NOT_BEGIN = 2

/** `doctor`: looks at everything the agent needs and prints what to type against what it finds. Changes nothing. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check everything this agent needs, and print the fix for each finding')
    .option('--json', 'as JSON')
    .option('--site-file <files...>', "the site's documents, to check for what they want (as for lanline apply -f)")
    .option('--config <file>', 'the configuration file')
    .option('--state-dir <dir>', 'where the keys and the journal are kept')
    .action(async (options: Options) => {
      const wanted = readSiteFiles(options.siteFile ?? [])
      const findings = await diagnose(options, wanted)
      const colour = process.stdout.isTTY && !process.env['NO_COLOR']
      console.log(options.json ? JSON.stringify(findings, null, 2) : sayFindings(findings, colour))
      process.exitCode = exitCodeOf(findings)
    })
}

function readSiteFiles(names: readonly string[]): Wanted | undefined {
  if (names.length === 0) return undefined
  const files = names.map((name) => {
    try {
      return { name, text: readFileSync(name, 'utf8') }
    } catch (thrown) {
      return fail(`--site-file: ${thrown instanceof Error ? thrown.message : String(thrown)}`, COULD_NOT_BEGIN)
    }
  })
  const wanted = readWanted(files)
  return wanted.ok ? wanted.value : fail(`--site-file: ${wanted.error}`, COULD_NOT_BEGIN)
}

async function diagnose(options: Options, wanted: Wanted | undefined): Promise<readonly Finding[]> {
  const config = loadConfig(options, besideTheUnit(process.env))
  const stateDir = config.ok ? config.value.stateDir : stateDirOf(options.stateDir, process.env)
  const answered = await askDesk(deskSocketPath(stateDir, process.env), statusQuestion, StatusAnswer)
  const input = { config, stateDir, wanted, clock: realClock, desk: answered?.ok ? answered.value : undefined }
  const own = openOwnLook(input)
  const site = config.ok ? openSiteLook(config.value, own, input) : undefined
  const findings = await Promise.all([
    examine(OWN_CHECKS, own, realClock),
    site ? examine(SITE_CHECKS, site.look, realClock) : [],
  ])
  await site?.close()
  return findings.flat()
}
