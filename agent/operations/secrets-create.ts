import { err, ok } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import { findContractName, TALOS_CONTRACTS } from '#core/talos/contracts/contract-for.ts'
import { contractOfTalos } from '#core/talos/versions.ts'
import type { HandlerDeps } from './deps.ts'
import type { OperationHandler } from './handler.ts'

/**
 * The secrets of a cluster come into being, sealed and stored here before the cloud hears of them.
 *
 * Safe to run again: a bundle that is here or in the cloud is answered as it is, and a second one is never made.
 * Problems: unavailable (later; the cloud could not be asked), secrets-unreadable, unsupported-version (never).
 */
export const createSecrets =
  ({ secrets }: HandlerDeps): OperationHandler<'secrets.create'> =>
  async ({ clusterUid, version, talosVersion, contract }, { steps, progress }) => {
    const born = contract === undefined ? contractOfTalos(talosVersion) : findContractName(contract)
    if (!born)
      return err(
        problem('unsupported-version', {
          field: 'contract',
          version: contract ?? talosVersion,
          supported: TALOS_CONTRACTS,
        }),
      )
    progress('making the secrets')
    steps.intend('create', 'keyed-create')
    const sealed = await secrets.ensureSealed(clusterUid, version, born)
    if (!sealed.ok) return sealed
    steps.done('create')
    return ok({ version, ciphertext: sealed.value, recipients: [...secrets.recipients] })
  }
