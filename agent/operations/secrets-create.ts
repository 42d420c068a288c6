import { ok } from '#core/base/result.ts'
import type { HandlerDeps } from './deps.ts'
import type { OperationHandler } from './handler.ts'

/**
 * The secrets of a cluster come into being, sealed and stored here before the cloud hears of them.
 *
 * Safe to run again: a bundle that is here or in the cloud is answered as it is, and a second one is never made.
 * Problems: unavailable (later; the cloud could not be asked), secrets-unreadable (never).
 */
export const createSecrets =
  ({ secrets }: HandlerDeps): OperationHandler<'secrets.create'> =>
  async ({ clusterUid, version }, { steps, progress }) => {
    progress('making the secrets')
    steps.intend('create', 'keyed-create')
    const sealed = await secrets.ensureSealed(clusterUid, version)
    if (!sealed.ok) return sealed
    steps.done('create')
    return ok({ version, ciphertext: sealed.value, recipients: [...secrets.recipients] })
  }
