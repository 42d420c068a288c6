import { canonicalJson, type Json } from '#core/base/canonical-json.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { idOf } from '#core/check/documents.ts'
import { didYouMean, valueAt } from '#core/check/finding.ts'
import type { Document, Stored } from '#core/model/document.ts'
import { mintUid } from '#core/model/ids.ts'
import { namesOf, type DocumentWrite, type Guard } from '#db/documents.ts'
import type { Db } from '#db/open.ts'
import { readScope } from '#db/scope.ts'
import { checkDocuments } from '../check/check.ts'
import { findBefore, isGone, worldOf, type World } from '../check/world.ts'
import { toPlace } from '../access/access.ts'
import { may, type Caller } from '../access/caller.ts'
import type { Path, Refusal } from '../http.ts'
import { refusal } from '../http.ts'
import { scopeOf } from './scope-of.ts'

/**
 * What a request would do, decided from one reading of the database and not written yet. The guard ties it to that
 * reading: ./commit.ts writes it only while nothing of it has changed.
 */
export interface Proposal {
  readonly changes: readonly Change[]
  /** Rows of clusters that are gone and whose names are taken over. */
  readonly replacedUids: readonly string[]
  readonly guard: Guard
  readonly world: World
}

export interface Change {
  readonly action: 'created' | 'changed' | 'unchanged'
  readonly before: Stored | undefined
  /** As it will be stored. */
  readonly after: Stored
}

export interface Asked {
  readonly document: Document
  /** Where in the request body the document stands. */
  readonly at: Path
}

const RANDOM_UID_BYTES = 11
/** Names offered as candidates for a hint. */
const MAX_HINT_NAMES = 200

/** Refusals: forbidden, reference-missing, change-not-supported, unsupported-version, being-deleted, invalid-document. */
export async function propose(
  db: Db,
  asked: readonly Asked[],
  { now, caller }: { readonly now: number; readonly caller: Caller },
): Promise<Result<Proposal, Refusal>> {
  const documents = asked.map(({ document }) => document)
  const scope = scopeOf(documents)
  const answer = await readScope(db, scope)
  const world = worldOf(answer.documents, documents)
  const changes = documents.map((document) => changeOf(document, findBefore(world, document)?.stored, now))
  // Before the documents are looked at: what is wrong with them may tell of others.
  const forbidden = changes.map((change) => checkChange(change, caller)).find((found) => found !== undefined)
  if (forbidden) return err(forbidden)
  const refused = checkDocuments(asked, world)
  // The nearest name may be one that the caller does not see.
  if (refused) return err(may(caller, 'reader', {}) ? await withNameHints(db, refused, asked) : refused)

  const names = new Set(documents.map(idOf))
  return ok({
    changes,
    replacedUids: answer.documents
      .filter((scoped) => isGone(scoped) && names.has(idOf(scoped.stored)))
      .map(({ stored }) => stored.uid),
    guard: { scope, mark: answer.mark },
    world,
  })
}

/** What is as it was may stand in a file for whoever may see it; a change needs the right before it and after it. */
function checkChange({ action, before, after }: Change, caller: Caller): Refusal | undefined {
  const needs = action === 'unchanged' ? 'reader' : 'operator'
  // A right on a cluster is a right on that one, not on the next of its name.
  const created = after.kind === 'Cluster' && !before ? { site: after.spec.site } : placeOf(after)
  const places = before ? [placeOf(before), placeOf(after)] : [created]
  if (places.every((place) => may(caller, needs, place))) return undefined
  if (action === 'unchanged' && after.kind === 'MachineClass') return undefined
  return refusal('forbidden', { needs, kind: after.kind, name: after.metadata.name })
}

const placeOf = ({ kind, metadata, spec }: Stored) =>
  toPlace(kind, { name: metadata.name, site: 'site' in spec ? spec.site : undefined })

function changeOf(document: Document, before: Stored | undefined, now: number): Change {
  if (!before) {
    const uid = mintUid(now, crypto.getRandomValues(new Uint8Array(RANDOM_UID_BYTES)))
    return { action: 'created', before, after: { ...document, uid, generation: 1, createdAt: now, updatedAt: now } }
  }
  if (contentOf(before) === contentOf(document)) return { action: 'unchanged', before, after: before }
  const { uid, createdAt } = before
  const generation = before.generation + 1
  return { action: 'changed', before, after: { ...document, uid, generation, createdAt, updatedAt: now } }
}

/** What of a document counts as its content; empty maps are as good as none. */
const contentOf = ({ spec, metadata }: Document): string =>
  canonicalJson({ spec, labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} } as Json)

export const writesOf = (proposal: Proposal): readonly DocumentWrite[] =>
  proposal.changes
    .filter((change) => change.action !== 'unchanged')
    .map(({ after }) => ({ document: after, uid: after.uid, generation: after.generation, createdAt: after.createdAt }))

/** Names that exist but were not read, as hints for references that lead nowhere. */
async function withNameHints(db: Db, refused: Refusal, asked: readonly Asked[]): Promise<Refusal> {
  const errors = refused.errors ?? []
  if (!errors.some((error) => error.code === 'reference-missing')) return refused
  const names = (await namesOf(db, ['Site', 'Network', 'MachineClass'], MAX_HINT_NAMES)).map(({ name }) => name)
  return {
    ...refused,
    errors: errors.map((error) => {
      if (error.code !== 'reference-missing' || error.hint !== undefined) return error
      const source = asked.find(({ at }) => error.pointer.startsWith(`${at.map((key) => `/${key}`).join('')}/spec/`))
      const name = source && valueAt(source.document, error.path.split('.'))
      return typeof name === 'string' ? { ...error, hint: didYouMean(name, names) } : error
    }),
  }
}

/** A request that lost every race it ran; somebody else keeps writing the same objects. */
export const lostRace = (): Refusal => refusal('unavailable', { reason: 'the objects kept changing' })
