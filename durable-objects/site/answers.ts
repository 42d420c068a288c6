import type { MachineSeen } from '#core/model/seen.ts'
import type { SecretsGet } from '#core/protocol/secrets-get.ts'
import type { SecretsPut } from '#core/protocol/secrets-put.ts'
import { whyUnclear } from '#core/plan/unclear.ts'
import { openDb } from '#db/open.ts'
import { findCiphertextFor } from '#db/sealed-secrets.ts'
import type { RelayEnv } from '../env.ts'
import type { LedgerAnswer, SeenAnswer } from '../ports.ts'
import type { SiteStore } from './site-store.ts'

/** What a site tells whoever asks. Reads only; nothing here changes what is remembered. */
export interface Presence {
  readonly online: boolean
  readonly seenAt: number | undefined
}

export const ledgerAnswer = (store: SiteStore, presence: Presence): LedgerAnswer => ({
  placements: store.placements.all(),
  seen: store.seen.all(),
  ...presence,
})

export function seenAnswer(store: SiteStore, clusterUid: string, { online, seenAt }: Presence): SeenAnswer {
  const machines = store.seen.machines(store.placements.machineIds(clusterUid))
  return {
    agent: { online, since: store.session?.since, trouble: store.trouble },
    seenAt,
    machines,
    nodes: store.seen.nodes(clusterUid),
    unclear: unclearOf(store, machines),
  }
}

function unclearOf(store: SiteStore, machines: readonly MachineSeen[]): SeenAnswer['unclear'] {
  const unclear = machines.filter(({ power }) => power === 'unknown')
  // Hardly ever any; only then is the rest of the site read.
  if (unclear.length === 0) return {}
  const seen = store.seen.all()
  const placements = new Map(store.placements.all().map((placement) => [placement.machineId, placement]))
  return Object.fromEntries(
    unclear.flatMap((machine) => {
      const why = whyUnclear(machine, placements.get(machine.machineId), seen)
      return why ? [[machine.machineId, why] as const] : []
    }),
  )
}

/** The sealed bundle of a cluster of this site, or word that there is none. Throws when D1 does not answer. */
export async function secretsAnswer(
  env: Pick<RelayEnv, 'DB'>,
  store: SiteStore,
  agentId: string,
  { clusterUid, version }: SecretsGet,
): Promise<SecretsPut> {
  const known = store.clusters.known(clusterUid)
  const ciphertext = known ? await findCiphertextFor(openDb(env.DB), agentId, clusterUid, version) : undefined
  return { type: 'secrets.put', clusterUid, version, ...(ciphertext === undefined ? {} : { ciphertext }) }
}
