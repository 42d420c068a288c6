import type { Command } from 'commander'
import { ok } from '#core/base/result.ts'
import { EXIT, exitCodesText } from '../exit-codes.ts'
import { fail } from '../failure.ts'
import type { Run } from '../session.ts'

/** `lanline help [COMMAND…]` and the topics that are no command. */
export function registerHelp(program: Command, run: Run): void {
  program
    .command('help')
    .description('help on a command, or on: exit-codes')
    .argument('[words...]')
    .action((words: readonly string[]) =>
      run(async ({ io }) => {
        if (words.join(' ') === 'exit-codes') {
          io.out(exitCodesText())
          return ok(undefined)
        }
        let command = program
        for (const word of words) {
          const next = command.commands.find((each) => each.name() === word)
          if (!next) return fail(EXIT.usage, `There is no help on "${words.join(' ')}".`, 'Try: lanline help')
          command = next
        }
        command.outputHelp()
        return ok(undefined)
      }),
    )
}
