import type { Command } from 'commander'
import { loadConfig, stateDirOf } from '../config/load-config.ts'
import { admitter } from './admit.ts'
import { createDesk, type CredentialKind } from './desk.ts'
import { askDesk, CredentialsAnswer, credentialsQuestion, deskSocketPath } from './desk-socket.ts'
import { fail } from './fail.ts'
import { openOwnState } from './own-state.ts'

interface Options {
  readonly stateDir?: string
  readonly config?: string
}

/** `kubeconfig` and `talosconfig`: access to a cluster from this machine, with or without the cloud, for one hour. */
export function addCredentialCommands(program: Command): void {
  add(program, 'kubeconfig', 'print a kubeconfig for a cluster, valid for one hour')
  add(program, 'talosconfig', 'print a talosconfig for a cluster, valid for one hour')
}

function add(program: Command, what: CredentialKind, description: string): void {
  program
    .command(`${what} <cluster>`)
    .description(description)
    .option('--state-dir <dir>', 'where the keys and the journal are kept')
    .option('--config <file>', 'the configuration file')
    .action(async (cluster: string, options: Options) => {
      const config = loadConfig(options, process.env)
      const stateDir = config.ok ? config.value.stateDir : stateDirOf(options.stateDir, process.env)
      const path = deskSocketPath(stateDir, process.env)
      const answered = await askDesk(path, credentialsQuestion(what, cluster), CredentialsAnswer)
      if (answered && !answered.ok) fail(answered.error)
      if (answered) {
        process.stdout.write(answered.value.text)
        return
      }

      // No service runs, so the journal is free for this command.
      const own = await openOwnState(stateDir)
      if (!own.ok) fail(own.error)
      const { journal, vault, enrolment, identity } = own.value
      const desk = createDesk({
        journal,
        vault,
        enrolment,
        fingerprint: identity.fingerprint,
        lanProxy: config.ok ? config.value.lanProxy : undefined,
        now: Date.now,
        link: () => ({ link: 'not-running' }),
        proxmoxTrouble: () => undefined,
        admit: admitter(stateDir, own.value),
      })
      const issued = await desk.issue(what, cluster)
      journal.close()
      if (!issued.ok) fail(issued.error)
      process.stdout.write(issued.value.reveal())
    })
}
