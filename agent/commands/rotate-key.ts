import type { Command } from 'commander'
import { loadConfig, stateDirOf } from '../config/load-config.ts'
import { findEnrolment } from '../identity/enrolment.ts'
import { rotateKey } from '../identity/rotate-key.ts'
import { fail } from './fail.ts'
import { NOT_ENROLLED } from './own-state.ts'

/** `rotate-key`: a new identity key in the place of the old one, which opens nothing any more. */
export function addRotateKeyCommand(program: Command): void {
  program
    .command('rotate-key')
    .description('make a new identity key; the old one vouches for it and is refused from then on')
    .option('--state-dir <dir>', 'where the keys and the journal are kept')
    .option('--config <file>', 'the configuration file')
    .action(async (options: { readonly stateDir?: string; readonly config?: string }) => {
      const config = loadConfig(options, process.env)
      const stateDir = config.ok ? config.value.stateDir : stateDirOf(options.stateDir, process.env)
      const enrolment = findEnrolment(stateDir)
      if (!enrolment.ok) fail(enrolment.error)
      if (!enrolment.value) fail(NOT_ENROLLED(stateDir))
      const rotated = await rotateKey(stateDir, enrolment.value)
      if (!rotated.ok) fail(rotated.error)
      console.log(`fingerprint  ${rotated.value}`)
      console.error('a running agent dials with the new key; restart it, so that it also shows the new fingerprint')
    })
}
