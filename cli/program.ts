import { Command, CommanderError } from 'commander'
import { registerAgent } from './commands/agent.ts'
import { registerApply } from './commands/apply.ts'
import { registerAudit } from './commands/audit.ts'
import { registerCredential } from './commands/credential.ts'
import { registerDelete } from './commands/delete.ts'
import { registerDescribe } from './commands/describe.ts'
import { registerEvents } from './commands/events.ts'
import { registerExport } from './commands/export.ts'
import { registerForget } from './commands/forget.ts'
import { registerGet } from './commands/get.ts'
import { registerHelp } from './commands/help.ts'
import { registerKubeconfig } from './commands/kubeconfig.ts'
import { registerLogin } from './commands/login.ts'
import { registerLogout } from './commands/logout.ts'
import { registerOperations } from './commands/operations.ts'
import { registerPolicy } from './commands/policy.ts'
import { registerProxy } from './commands/proxy.ts'
import { registerRecover } from './commands/recover.ts'
import { registerRender } from './commands/render.ts'
import { registerRole } from './commands/role.ts'
import { registerServiceAccount } from './commands/service-account.ts'
import { registerTalos } from './commands/talos.ts'
import { registerTalosconfig } from './commands/talosconfig.ts'
import { registerToken } from './commands/token.ts'
import { registerUser } from './commands/user.ts'
import { registerValidate } from './commands/validate.ts'
import { registerVersion } from './commands/version.ts'
import { registerWhoami } from './commands/whoami.ts'
import type { ConnectionFlags } from './config/connection.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Io } from './io.ts'
import { createRun } from './session.ts'

/** Parses the command line, runs the command it names, and gives its exit code. */
export async function runProgram(args: readonly string[], io: Io): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok
  const program = new Command('lanline')
    .description('Talos Linux Kubernetes clusters on Proxmox VE, from one file.')
    .option('--url <url>', 'where the API is (or LANLINE_URL)')
    .option('--token <token>', 'an API token (or better LANLINE_TOKEN: a flag can be seen by others)')
    .option('--context <name>', 'a context of the configuration file (or LANLINE_CONTEXT)')
    .helpCommand(false)
    .showHelpAfterError('Try --help.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.say(text.trimEnd()) })
  const flags = (): ConnectionFlags => program.opts<ConnectionFlags>()
  const run = createRun(io, flags, (code) => (exit = code))
  const parts = [
    registerApply,
    registerGet,
    registerDescribe,
    registerDelete,
    registerForget,
    registerEvents,
    registerValidate,
    registerRender,
    registerTalos,
    registerOperations,
    registerKubeconfig,
    registerTalosconfig,
    registerProxy,
    registerCredential,
    registerAgent,
    registerLogin,
    registerLogout,
    registerWhoami,
    registerToken,
    registerServiceAccount,
    registerUser,
    registerRole,
    registerPolicy,
    registerAudit,
    registerExport,
    registerRecover,
    registerVersion,
    registerHelp,
  ]
  for (const register of parts) register(program, run)

  if (args.length === 0) {
    program.outputHelp()
    return EXIT.usage
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return exit
  } catch (error) {
    // Commander ends help and version with 0 and every mistake of the command line with 1.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    throw error
  }
}
