import { Meta } from '../meta.ts'
import { migrate } from '../migrate.ts'
import { Sql } from '../sql.ts'
import { ClusterTable } from './cluster-table.ts'
import { DoorTokenTable } from './door-token-table.ts'
import { JournalTable, type JournalMemory } from './journal-table.ts'
import { Mailbox } from './mailbox.ts'
import { PartTable } from './part-table.ts'
import { PlacementTable } from './placement-table.ts'
import { SITE_MIGRATIONS } from './schema.ts'
import { SeenTables } from './seen-tables.ts'
import type { SessionRecord } from './session-record.ts'

/** What a Site object remembers. Every method is synchronous: nothing can slip between a look and its write. */
export class SiteStore {
  readonly sql: Sql
  readonly mail: Mailbox
  readonly seen: SeenTables
  readonly parts: PartTable
  readonly clusters: ClusterTable
  readonly placements: PlacementTable
  readonly doorTokens: DoorTokenTable
  readonly journals: JournalTable
  readonly #meta: Meta

  constructor(storage: DurableObjectStorage) {
    this.sql = new Sql(storage)
    migrate(this.sql, SITE_MIGRATIONS)
    this.#meta = new Meta(this.sql)
    this.mail = new Mailbox(this.sql)
    this.parts = new PartTable(this.sql)
    this.seen = new SeenTables(this.sql, this.parts)
    this.clusters = new ClusterTable(this.sql)
    this.placements = new PlacementTable(this.sql)
    this.doorTokens = new DoorTokenTable(this.sql)
    this.journals = new JournalTable(this.sql)
  }

  get uid(): string | undefined {
    return this.#meta.get('uid')
  }

  setUid(uid: string): void {
    this.#meta.set('uid', uid)
  }

  get session(): SessionRecord | undefined {
    return this.#meta.get('session')
  }

  /** An object of the first release remembered the journal of its one agent with the session. */
  journalOf(agentId: string): JournalMemory | undefined {
    const { session } = this
    const first = session?.agentId === agentId && session.confirmed ? { ...session.confirmed, retired: [] } : undefined
    return this.journals.find(agentId) ?? first
  }

  setSession(record: SessionRecord): void {
    this.#meta.set('session', record)
  }

  /** When the last observation came in; undefined before the first full copy. */
  get seenAt(): number | undefined {
    return this.#meta.get('seen-at')
  }

  setSeenAt(at: number): void {
    this.#meta.set('seen-at', at)
  }

  /** Generation of the Site document when it was last read. */
  get generation(): number {
    return this.#meta.get('generation') ?? 0
  }

  setGeneration(generation: number): void {
    this.#meta.set('generation', generation)
  }

  /** Until when somebody may still write a document of this site; a look has to follow that time. */
  get promisedAt(): number | undefined {
    return this.#meta.get('promised-at')
  }

  promise(at: number): void {
    if (at > (this.promisedAt ?? 0)) this.#meta.set('promised-at', at)
  }

  /** Forgets what was promised until then; a later promise stays. */
  promisesKept(until: number): void {
    if ((this.promisedAt ?? Infinity) <= until) this.#meta.remove('promised-at')
  }

  get publishedHash(): string | undefined {
    return this.#meta.get('published')
  }

  setPublishedHash(hash: string): void {
    this.#meta.set('published', hash)
  }

  /** What the agent's last look at the hypervisor ran into. */
  get trouble(): string | undefined {
    return this.#meta.get('trouble')
  }

  setTrouble(trouble: string | undefined): void {
    if (trouble === undefined) this.#meta.remove('trouble')
    else this.#meta.set('trouble', trouble)
  }

  get failures(): number {
    return this.#meta.get('failures') ?? 0
  }

  setFailures(failures: number): void {
    if (failures === 0) this.#meta.remove('failures')
    else this.#meta.set('failures', failures)
  }
}
