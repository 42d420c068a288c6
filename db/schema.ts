import { index, integer, primaryKey, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core'

/**
 * Every table of D1. Writers: the API Worker writes documents, join_tokens, lane_tickets, audit, revocations and all about people; the relay writes
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

/** Tickets for a site's data lane: each lets one client in, once, within half a minute. */
export const laneTickets = sqliteTable('lane_tickets', {
  /** Lower-case hex SHA-256 of the ticket; the ticket itself is never stored. */
  hash: text('hash').primaryKey(),
  siteUid: text('site_uid').notNull(),
  clusterUid: text('cluster_uid').notNull(),
  subject: text('subject').notNull(),
  /** What its bearer may do inside the cluster. */
  role: text('role').notNull(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at').notNull(),
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

/** People as their provider describes them; a row begins with the first login of somebody who has a role. */
export const users = sqliteTable(
  'users',
  {
    uid: text('uid').primaryKey(),
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    /** Only when the provider has verified it. */
    email: text('email'),
    groups: text('groups', { mode: 'json' }).notNull(),
    createdAt: integer('created_at').notNull(),
    lastLoginAt: integer('last_login_at').notNull(),
    disabledAt: integer('disabled_at'),
  },
  (table) => [unique('users_issuer_subject').on(table.issuer, table.subject)],
)

export const serviceAccounts = sqliteTable('service_accounts', {
  uid: text('uid').primaryKey(),
  name: text('name').notNull().unique(),
  createdAt: integer('created_at').notNull(),
})

/** Sessions of people and API tokens of both. */
export const credentials = sqliteTable(
  'credentials',
  {
    /** Lower-case hex SHA-256 of the credential; the credential itself is never stored. */
    hash: text('hash').primaryKey(),
    /** By which people name it; no secret. */
    id: text('id').notNull().unique(),
    kind: text('kind').notNull(),
    name: text('name').notNull(),
    principalKind: text('principal_kind').notNull(),
    principalUid: text('principal_uid').notNull(),
    /** What the credential is good for at most; absent: for all that its owner may. */
    role: text('role'),
    scopeKind: text('scope_kind'),
    scopeUid: text('scope_uid'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    lastUsedAt: integer('last_used_at'),
    revokedAt: integer('revoked_at'),
  },
  (table) => [index('credentials_principal').on(table.principalUid)],
)

export const roleBindings = sqliteTable(
  'role_bindings',
  {
    subjectKind: text('subject_kind').notNull(),
    /** A user's or group's name, or the uid of a service account. */
    subject: text('subject').notNull(),
    role: text('role').notNull(),
    scopeKind: text('scope_kind').notNull(),
    /** uid of the Site or Cluster: its successor of the same name inherits nothing. '' for everything. */
    scopeUid: text('scope_uid').notNull(),
  },
  (table) => [primaryKey({ columns: [table.subjectKind, table.subject, table.role, table.scopeKind, table.scopeUid] })],
)

/** One row: what of the policy is not a binding. */
export const policies = sqliteTable('policies', {
  id: integer('id').primaryKey(),
  generation: integer('generation').notNull(),
  tests: text('tests', { mode: 'json' }).notNull(),
  updatedAt: integer('updated_at').notNull(),
})

/** Small single facts: when something was last written down, and which bootstrap token is used up. */
export const marks = sqliteTable('marks', {
  key: text('key').primaryKey(),
  at: integer('at').notNull(),
})
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
