#!/usr/bin/env node
import { Command } from 'commander'
import { addAdmitCommand } from './commands/admit.ts'
import { addCredentialCommands } from './commands/credentials.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addEnrollCommand } from './commands/enroll.ts'
import { addRightsCommand } from './commands/rights.ts'
import { addRotateKeyCommand } from './commands/rotate-key.ts'
import { addRunCommand } from './commands/run.ts'
import { addStatusCommand } from './commands/status.ts'
import { addTrustCommand } from './commands/trust.ts'
import { fail, sayFileFault } from './commands/fail.ts'
import { AGENT_VERSION } from './version.ts'

/** The agent of one site: dials out to the cloud, and makes the calls on the LAN. */
const program = new Command('lanline-agent')
  .description('Runs on your LAN, dials out to Lanline, and makes the Proxmox, Talos and Kubernetes calls.')
  .version(AGENT_VERSION)
  .showHelpAfterError()

addRunCommand(program)
addEnrollCommand(program)
addCredentialCommands(program)
addStatusCommand(program)
addTrustCommand(program)
addAdmitCommand(program)
addRotateKeyCommand(program)
addDoctorCommand(program)
addRightsCommand(program)

try {
  await program.parseAsync()
} catch (thrown) {
  const said = sayFileFault(thrown)
  if (said === undefined) throw thrown
  fail(said)
}
