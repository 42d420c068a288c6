import type { Command } from 'commander'
import type { Run } from '../session.ts'
import { registerAgentEnroll } from './agent-enroll.ts'
import { registerAgentAdmission } from './agent-admission.ts'
import { registerAgentTokens } from './agent-token.ts'

/** `lanline agent …`: who may speak for a site. */
export function registerAgent(program: Command, run: Run): void {
  const agent = program.command('agent').description('the agents of a site')
  registerAgentEnroll(agent, run)
  registerAgentAdmission(agent, run)
  registerAgentTokens(agent, run)
}
