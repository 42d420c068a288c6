import type { Command } from 'commander'
import { loadConfig, stateDirOf } from '../config/load-config.ts'
import { findEnrolment } from '../identity/enrolment.ts'
import { findIdentity } from '../identity/identity.ts'
import type { DeskStatus } from './desk.ts'
import { askDesk, deskSocketPath, StatusAnswer, statusQuestion } from './desk-socket.ts'
import { fail } from './fail.ts'
import { NOT_ENROLLED } from './own-state.ts'

interface Options {
  readonly stateDir?: string
  readonly config?: string
  readonly json?: boolean
}

/** What `status` exits with when the service is not there, or cannot reach the cloud or Proxmox. */
const NOT_CONNECTED = 3

/** `status`: who this agent is, whether it reaches the cloud, and what it is doing. Changes nothing. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('say who this agent is, whether it is connected, and what it is doing')
    .option('--state-dir <dir>', 'where the keys and the journal are kept')
    .option('--config <file>', 'the configuration file')
    .option('--json', 'as JSON')
    .action(async (options: Options) => {
      const config = loadConfig(options, process.env)
      const stateDir = config.ok ? config.value.stateDir : stateDirOf(options.stateDir, process.env)
      const answered = await askDesk(deskSocketPath(stateDir, process.env), statusQuestion, StatusAnswer)
      if (answered && !answered.ok) fail(answered.error)
      if (answered) {
        console.log(options.json ? JSON.stringify(answered.value, null, 2) : describe(answered.value))
        const { link, proxmoxTrouble } = answered.value
        process.exitCode = link.link === 'connected' && proxmoxTrouble === undefined ? 0 : NOT_CONNECTED
        return
      }
      const enrolment = findEnrolment(stateDir)
      if (!enrolment.ok) fail(enrolment.error)
      const identity = await findIdentity(stateDir)
      if (!enrolment.value || !identity) fail(NOT_ENROLLED(stateDir))
      const { agentId, siteName, relayOrigin } = enrolment.value
      const standing = {
        agentId,
        siteName,
        relayOrigin,
        fingerprint: identity.fingerprint,
        link: { link: 'not-running' },
      }
      console.log(options.json ? JSON.stringify(standing, null, 2) : describeWho(standing, 'not running'))
      process.exitCode = NOT_CONNECTED
    })
}

const describeWho = (
  who: Pick<DeskStatus, 'siteName' | 'agentId' | 'fingerprint' | 'relayOrigin'>,
  link: string,
): string =>
  [
    `site         ${who.siteName}`,
    `agent        ${who.agentId}`,
    `fingerprint  ${who.fingerprint}`,
    `relay        ${who.relayOrigin}`,
    `link         ${link}`,
  ].join('\n')

function describe(status: DeskStatus): string {
  return [
    describeWho(status, sayLink(status.link)),
    ...(status.proxmoxTrouble === undefined ? [] : [`proxmox      ${status.proxmoxTrouble}`]),
    ...status.clusters.map(({ name, vip, machineCount }) => `cluster      ${name} (${machineCount} machines, ${vip})`),
    ...status.operations.map(
      ({ operationId, kind, state, step }) => `operation    ${kind} ${operationId} ${state}${step ? `: ${step}` : ''}`,
    ),
  ].join('\n')
}

function sayLink(link: DeskStatus['link']): string {
  switch (link.link) {
    case 'connected':
      return `connected since ${new Date(link.since).toISOString()}${link.standingBehind === undefined ? '' : `, standing by while agent ${link.standingBehind} leads`}`
    case 'dialling':
      return `not connected, dialling again${link.lastEnding ? ` (${link.lastEnding})` : ''}`
    case 'waiting-for-a-person':
      return `not connected: ${link.why}`
    case 'not-running':
      return 'not running'
  }
}
