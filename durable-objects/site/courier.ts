import { hashOf, type Json } from '#core/base/canonical-json.ts'
import { clusterUidOf } from '#core/model/ids.ts'
import type { SiteStatus } from '#core/model/status.ts'
import { openDb } from '#db/open.ts'
import { publishStatus } from '#db/statuses.ts'
import type { RelayEnv } from '../env.ts'
import { logError } from '../log.ts'
import type { OperationNews } from '../ports.ts'
import { clusterObject } from '../stubs.ts'
import type { SiteStore } from './site-store.ts'

/** News per call to a cluster. */
const NEWS_BATCH = 100
/** Rounds of telling; each round ends what it began, so more than a few mean that something tells in circles. */
const MAX_ROUNDS = 20

/** Carries what the site knows to the clusters and to D1. What fails stays owed, and the alarm carries it again. */
export class Courier {
  readonly #env: RelayEnv
  readonly #store: SiteStore
  readonly #acknowledge: (operationId: string, attempt: number) => void
  /** Agents that wait for the lead. */
  readonly #standby: () => readonly string[]
  #telling: Promise<boolean> | undefined

  constructor(
    env: RelayEnv,
    store: SiteStore,
    acknowledge: (operationId: string, attempt: number) => void,
    standby: () => readonly string[] = () => [],
  ) {
    this.#env = env
    this.#store = store
    this.#acknowledge = acknowledge
    this.#standby = standby
  }

  /** Something is owed to somebody. That an offer is on its way can wait until there is more to say. */
  owes(): boolean {
    const news = this.#store.mail.news().some((entry) => entry.news.some((item) => item.type !== 'offered'))
    return news || this.#store.clusters.owed().length > 0 || this.#unpublished()
  }

  /**
   * Tells the clusters what they do not know, one call after the other, so that news of one operation never overtakes
   * itself. An outcome is acknowledged to the agent only after its cluster has made it durable (S3).
   */
  tell(): Promise<boolean> {
    this.#telling ??= this.#tellRounds().finally(() => (this.#telling = undefined))
    return this.#telling
  }

  /** Hands on what is not kept here; false when it did not arrive. */
  async pass(news: readonly OperationNews[]): Promise<boolean> {
    let carried = true
    for (const item of news) {
      try {
        const durable = await clusterObject(this.#env, clusterUidOf(item.operationId)).report([item])
        if (durable && item.type === 'finished') this.#acknowledge(item.operationId, item.attempt)
      } catch (error) {
        // Progress may be lost. An outcome is kept by the agent until it is acknowledged.
        logError('site.pass-failed', { operationId: item.operationId, type: item.type }, error)
        carried = false
      }
    }
    return carried
  }

  async wake(clusterUids: readonly string[]): Promise<boolean> {
    let carried = true
    for (const clusterUid of clusterUids) {
      try {
        await clusterObject(this.#env, clusterUid).wake(clusterUid, 0)
        this.#store.clusters.setOwed(clusterUid, false)
      } catch (error) {
        logError('site.wake-failed', { clusterUid }, error)
        this.#store.clusters.setOwed(clusterUid, true)
        carried = false
      }
    }
    return carried
  }

  async publish(): Promise<boolean> {
    const { uid } = this.#store
    if (uid === undefined || !this.#unpublished()) return true
    const status = this.#status()
    try {
      await publishStatus(openDb(this.#env.DB), {
        uid,
        kind: 'Site',
        phase: status.phase,
        status,
        observedGeneration: this.#store.generation,
        at: Date.now(),
      })
      this.#store.setPublishedHash(hashOf(status as unknown as Json))
      return true
    } catch (error) {
      logError('site.publish-failed', { siteUid: uid }, error)
      return false
    }
  }

  async #tellRounds(): Promise<boolean> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const entries = this.#store.mail.news()
      if (entries.length === 0) return true
      const groups = Map.groupBy(entries, (entry) => clusterUidOf(entry.operationId))
      for (const [clusterUid, group] of groups) {
        for (let i = 0; i < group.length; i += NEWS_BATCH) {
          const batch = group.slice(i, i + NEWS_BATCH)
          if (
            !(await this.#report(
              clusterUid,
              batch.flatMap((entry) => entry.news),
            ))
          )
            return false
          for (const { operationId, news } of batch)
            if (this.#store.mail.told(operationId, news)) this.#acknowledge(operationId, news.at(-1)?.attempt ?? 1)
        }
      }
    }
    return false
  }

  async #report(clusterUid: string, news: readonly OperationNews[]): Promise<boolean> {
    try {
      return await clusterObject(this.#env, clusterUid).report(news)
    } catch (error) {
      logError('site.tell-failed', { clusterUid }, error)
      return false
    }
  }

  #unpublished(): boolean {
    return this.#store.publishedHash !== hashOf(this.#status() as unknown as Json)
  }

  #status(): SiteStatus {
    const { session } = this.#store
    const hosts = this.#store.seen.hosts().map(({ name, online, threads, memoryMiB, version }) => ({
      name,
      online,
      threads,
      memoryMiB,
      version,
    }))
    if (!session) return { phase: 'waiting', hosts }
    const agent = { agentId: session.agentId, version: session.agentVersion, since: session.since }
    const standby = this.#standby()
    const cloned = this.#store.journals.cloned().map(({ agentId, at }) => ({
      code: 'agent-cloned' as const,
      text: `The key of agent ${agentId} is in two places; the older of both is kept out. Revoke it and enrol anew.`,
      facts: { agentId, at },
    }))
    const { trouble } = this.#store
    const unseen = trouble === undefined ? [] : [{ code: 'hypervisor-unseen' as const, text: trouble, facts: {} }]
    const findings = [...cloned, ...unseen]
    return {
      phase: session.open ? 'connected' : session.confirmed ? 'offline' : 'waiting',
      agent,
      ...(standby.length > 0 ? { standby } : {}),
      ...(findings.length > 0 ? { findings } : {}),
      hosts,
    }
  }
}
