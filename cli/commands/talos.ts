import type { Command } from 'commander'
import type { Run } from '../session.ts'
import { registerTalosConfig } from './talos-config.ts'
import { registerTalosMerge } from './talos-merge.ts'
import { registerTalosSchematic } from './talos-schematic.ts'
import { registerTalosSecrets } from './talos-secrets.ts'

/** `lanline talos …`: Talos' own files, made and changed without a cluster and without the API. */
export function registerTalos(program: Command, run: Run): void {
  const talos = program.command('talos').description('Talos files, offline: merge, schematic, secrets, config')
  for (const register of [registerTalosMerge, registerTalosSchematic, registerTalosSecrets, registerTalosConfig])
    register(talos, run)
}
