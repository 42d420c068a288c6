import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { ok } from '#core/base/result.ts'
import { TALOS_CONTRACTS, type TalosContract } from '#core/talos/contracts/contract-for.ts'
import { formatSecretsBundle } from '#core/talos/secrets-bundle.ts'
import type { Run } from '../session.ts'
import { readContract } from '../talos/contract-option.ts'

/** `lanline talos secrets generate`: a new bundle in upstream's format, for talosctl as for `lanline render --secrets`. */
export function registerTalosSecrets(talos: Command, run: Run): void {
  talos
    .command('secrets')
    .description('secrets bundles')
    .command('generate')
    .description('print a new secrets.yaml; keep it where only you can read it')
    .option('--contract <minor>', 'the Talos minor of the cluster', readContract, TALOS_CONTRACTS.at(-1))
    .action((options: { contract: TalosContract }) =>
      run(async ({ io }) => {
        // Loaded here, because no other command needs the certificates' library, which is slow to start.
        const { createSecretsBundle } = await import('#agent/vault/create-bundle.ts')
        const bundle = await createSecretsBundle({
          random: (count) => randomBytes(count),
          nowMs: io.now(),
          contract: options.contract,
        })
        io.out(formatSecretsBundle(bundle).trimEnd())
        return ok(undefined)
      }),
    )
}
