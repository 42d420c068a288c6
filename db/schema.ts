import { integer, primaryKey, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core'

/**
 * Every table of D1. Writers: the API Worker writes documents, join_tokens, audit and revocations; the relay writes
 * enrolments; a Cluster object writes its status row and the sealed secrets its agent hands up; a Site object writes its
 * status row. Times are epoch ms. Indexes are few, because each one costs a written row per write.
 *
 * JSON columns are checked by zod when read (./document-row.ts and its neighbours), never trusted.
 */
export const documents = sqliteTable(
  'documents',
  {
    uid: text('uid').primaryKey(),
    kind: text('kind').notNull(),
    name: text('name').notNull(),
    spec: text('spec', { mode: 'json' }).notNull(),
    labels: text('labels', { mode: 'json' }).notNull(),
    annotations: text('annotations', { mode: 'json' }).notNull(),
    generation: integer('generation').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    deletingAt: integer('deleting_at'),
    /** Of a Cluster that is dropped without its machines being touched. */
    forgottenAt: integer('forgotten_at'),
  },
  (table) => [unique('documents_kind_name').on(table.kind, table.name)],
)

export const statuses = sqliteTable('statuses', {
  uid: text('uid').primaryKey(),
  kind: text('kind').notNull(),
  phase: text('phase').notNull(),
  status: text('status', { mode: 'json' }).notNull(),
  observedGeneration: integer('observed_generation').notNull(),
  updatedAt: integer('updated_at').notNull(),
})

export const audit = sqliteTable('audit', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  at: integer('at').notNull(),
  actor: text('actor').notNull(),
  action: text('action').notNull(),
  kind: text('kind').notNull(),
  name: text('name').notNull(),
  uid: text('uid').notNull(),
  /** Absent where the subject has no generation. */
  generation: integer('generation'),
  requestId: text('request_id').notNull(),
  facts: text('facts', { mode: 'json' }).notNull(),
})

export const joinTokens = sqliteTable('join_tokens', {
  /** Lower-case hex SHA-256 of the token; the token itself is never stored. */
  hash: text('hash').primaryKey(),
  siteUid: text('site_uid').notNull(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at').notNull(),
  usedAt: integer('used_at'),
  /** The agent it was used by: the one thing that tells two racing enrolments of one millisecond apart. */
  usedBy: text('used_by'),
  /** What people call it in the list. */
  name: text('name').notNull().default(''),
  /** Whether the agent it admits needs nobody's approval. */
  approve: integer('approve', { mode: 'boolean' }).notNull().default(false),
})

export const agents = sqliteTable('agents', {
  id: text('id').primaryKey(),
  siteUid: text('site_uid').notNull(),
  /** Ed25519 public key, base64url of the raw 32 bytes. */
  identityKey: text('identity_key').notNull(),
  ageRecipient: text('age_recipient').notNull(),
  /** The first ten bytes of the SHA-256 of the identity key, in five groups; what people compare. */
  fingerprint: text('fingerprint').notNull(),
  hostname: text('hostname').notNull(),
  version: text('version').notNull(),
  enrolledAt: integer('enrolled_at').notNull(),
  revokedAt: integer('revoked_at'),
  /** Absent while nobody has compared its fingerprint. */
  approvedAt: integer('approved_at'),
  /** Signature of the age recipient by the identity key, base64url: one fingerprint stands for both keys. */
  ageProof: text('age_proof'),
})

export const sealedSecrets = sqliteTable(
  'sealed_secrets',
  {
    clusterUid: text('cluster_uid').notNull(),
    version: integer('version').notNull(),
    /** age, armoured. */
    ciphertext: text('ciphertext').notNull(),
    recipients: text('recipients', { mode: 'json' }).notNull(),
    createdAt: integer('created_at').notNull(),
    /** When it was last handed to a person who can open it; absent when never. */
    revealedAt: integer('revealed_at'),
  },
  (table) => [primaryKey({ columns: [table.clusterUid, table.version] })],
)

/** The same bundle, sealed anew for an agent that was admitted later. */
export const sealedCopies = sqliteTable(
  'sealed_copies',
  {
    clusterUid: text('cluster_uid').notNull(),
    version: integer('version').notNull(),
    agentId: text('agent_id').notNull(),
    ciphertext: text('ciphertext').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.clusterUid, table.version, table.agentId] })],
)
