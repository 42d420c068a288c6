import type { Command } from 'commander'
import { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import { loadConfig, stateDirOf } from '../config/load-config.ts'
import { askRelay } from '../identity/ask-relay.ts'
import { findIdentity } from '../identity/identity.ts'
import { admitAgent } from '../vault/admit.ts'
import { askDesk, deskSocketPath } from './desk-socket.ts'
import { fail } from './fail.ts'
import { openOwnState, type OwnState } from './own-state.ts'

/** `admit`: another agent of this site may open its secrets from now on. */
export function addAdmitCommand(program: Command): void {
  program
    .command('admit <fingerprint>')
    .description('let another agent of this site open the secrets of its clusters, by the fingerprint that it shows')
    .option('--state-dir <dir>', 'where the keys and the journal are kept')
    .option('--config <file>', 'the configuration file')
    .action(async (fingerprint: string, options: { readonly stateDir?: string; readonly config?: string }) => {
      const config = loadConfig(options, process.env)
      const stateDir = config.ok ? config.value.stateDir : stateDirOf(options.stateDir, process.env)
      const admitted = await throughDesk(stateDir, fingerprint)
      if (!admitted.ok) fail(admitted.error)
      console.log(`admitted ${fingerprint}: it opens ${admitted.value} of the bundles that this agent holds`)
      console.log('new bundles are sealed to it as well; to have its own sealed to this agent, admit this one there')
    })
}

export const AdmitAnswer = z.object({ bundles: z.int() })
export const admitQuestion = (fingerprint: string) =>
  ({ method: 'POST', url: '/admit', body: { fingerprint } }) as const

/** What the service and the command do alike. */
export const admitter =
  (stateDir: string, { enrolment, identity, journal, vault, recipients }: OwnState) =>
  (fingerprint: string): Promise<Result<number, string>> =>
    admitAgent(fingerprint, {
      stateDir,
      vault,
      recipients,
      bundles: () => journal.secrets.all(),
      // Read anew: the key may have been rotated while the service ran.
      ask: async (path, body) => askRelay(enrolment, (await findIdentity(stateDir)) ?? identity, path, body),
    })

async function throughDesk(stateDir: string, fingerprint: string): Promise<Result<number, string>> {
  const answered = await askDesk(deskSocketPath(stateDir, process.env), admitQuestion(fingerprint), AdmitAnswer)
  if (answered) return answered.ok ? ok(answered.value.bundles) : answered
  // No service runs, so the journal is free for this command.
  const own = await openOwnState(stateDir)
  if (!own.ok) return own
  try {
    return await admitter(stateDir, own.value)(fingerprint)
  } finally {
    own.value.journal.close()
  }
}
