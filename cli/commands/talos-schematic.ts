import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { schematicId } from '#core/talos/schematic.ts'
import type { Failure } from '../failure.ts'
import type { Run, Session } from '../session.ts'
import { parseSchematic } from '../talos/read-schematic.ts'
import { readText } from '../talos/read-text.ts'

/** `lanline talos schematic FILE`: the id under which an Image Factory will know it. */
export function registerTalosSchematic(talos: Command, run: Run): void {
  talos
    .command('schematic')
    .description('print the id of an Image Factory schematic')
    .argument('<file>', 'a schematic; - is stdin')
    .action((file: string) => run((session) => schematic(session, file)))
}

async function schematic({ io }: Session, file: string): Promise<Result<void, Failure>> {
  const text = await readText(file)
  if (!text.ok) return text
  const parsed = parseSchematic(file, text.value)
  if (!parsed.ok) return parsed
  io.out(schematicId(parsed.value))
  return ok(undefined)
}
