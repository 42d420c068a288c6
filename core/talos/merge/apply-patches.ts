import { err, ok, type Result } from '../../base/result.ts'
import type { TalosContract } from '../contracts/contract-for.ts'
import { decodeDocument, decodeFree } from './decode.ts'
import { applyDeletion, takeDeletions, type Deletion } from './delete-patches.ts'
import {
  findingProblem,
  identify,
  NEWEST,
  parseSources,
  readConfig,
  readDocument,
  sayPath,
  writeConfig,
  type ConfigDocument,
  type Source,
} from './documents.ts'
import { encodeStruct, writeInto } from './encode.ts'
import { applyJsonPatch, readJsonPatch, type JsonOperation } from './json-patch.ts'
import { mergeStructs } from './merge-values.ts'
import type { PatchProblem } from './patch-problem.ts'
import { isValueMap, type Value } from './value.ts'

/**
 * Applies patches to a machine configuration, in order, as `talosctl` and the nodes do. A patch is a strategic merge
 * patch of one or several documents, or a JSON Patch as JSON or YAML, which Talos takes for a configuration of one
 * document only. All of them or none: the first that does not fit is the problem. The minor says whose rules count.
 *
 * Source: Talos `pkg/machinery/config/configpatcher` 1.14.1; facts talos.md §3.5.
 */
export function applyPatches(
  config: string,
  patches: readonly string[],
  minor: TalosContract = NEWEST,
): Result<string, PatchProblem> {
  if (patches.length > MAX_PATCHES) return err({ code: 'too-large', limit: `${MAX_PATCHES} patches` })
  const read = readConfig(config, minor)
  if (!read.ok) return read
  let documents = read.value
  for (let index = 0; index < patches.length;) {
    const step = readStep(patches, index)
    if (!step.ok) return step
    const patched =
      step.value.kind === 'json'
        ? applyJson(documents, step.value.patches, minor)
        : applyStrategic(documents, step.value.sources, minor)
    index = step.value.next
    if (!patched.ok) return err({ patch: index - 1, ...patched.error })
    documents = patched.value
  }
  return ok(documents === read.value ? config : writeConfig(documents))
}

/** Three levels of 32 patches each, and room for a caller of its own. */
const MAX_PATCHES = 100

type Documents = readonly ConfigDocument[]
type Applied = Result<Documents, PatchProblem>

/** What is applied at once: a strategic patch, or JSON patches that follow one another. */
type Step = { readonly next: number } & (
  | { readonly kind: 'strategic'; readonly sources: readonly Source[] }
  | { readonly kind: 'json'; readonly patches: readonly JsonPatch[] }
)

interface JsonPatch {
  readonly index: number
  readonly operations: readonly JsonOperation[]
}

/** Between JSON patches Talos does not look at the document, so that one may tidy up what another left. */
function readStep(patches: readonly string[], first: number): Result<Step, PatchProblem> {
  const json: JsonPatch[] = []
  for (const [at, text] of patches.slice(first).entries()) {
    const index = first + at
    const patch = readPatch(text)
    if (!patch.ok && json.length === 0) return err({ ...patch.error, patch: index })
    if (!patch.ok) break
    if (patch.value.kind === 'json') json.push({ index, operations: patch.value.operations })
    else if (json.length > 0) break
    else return ok({ ...patch.value, next: index + 1 })
  }
  return ok({ kind: 'json', patches: json, next: first + json.length })
}

function applyStrategic(documents: Documents, sources: readonly Source[], minor: TalosContract): Applied {
  let merged = documents
  for (const source of sources) {
    const next = applySource(merged, source, minor)
    if (!next.ok) return next
    merged = next.value
  }
  return ok(merged)
}

export type Patch =
  | { readonly kind: 'strategic'; readonly sources: readonly Source[] }
  | { readonly kind: 'json'; readonly operations: readonly JsonOperation[] }

/** A list of maps is a JSON Patch, everything else a strategic merge patch. */
export function readPatch(text: string): Result<Patch, PatchProblem> {
  const sources = parseSources(text)
  if (!sources.ok) return sources
  const [only, ...others] = sources.value
  const operations = only && others.length === 0 ? readOperations(only) : undefined
  if (!operations) return ok({ kind: 'strategic', sources: sources.value })
  if (!operations.ok) return err({ code: 'json-patch-failed', ...operations.error })
  return ok({ kind: 'json', operations: operations.value })
}

function readOperations({ tree }: Source): ReturnType<typeof readJsonPatch> {
  const { value, findings } = decodeFree(tree)
  return value === undefined || findings.length > 0 ? undefined : readJsonPatch(value)
}

function applySource(documents: Documents, source: Source, minor: TalosContract): Applied {
  // Taking the deletions out changes the tree, and the caller may apply the same patch again.
  const tree = source.tree.clone() as Source['tree']
  const identity = identify(tree, minor)
  if (!identity) return err({ code: 'unknown-document', document: 'without apiVersion and kind' })
  const taken = takeDeletions(tree)
  if (!taken.ok)
    return err({
      code: 'delete-not-possible',
      document: identity.id,
      where: sayPath(taken.error.path),
      reason: taken.error.reason,
    })
  let merged = documents
  for (const deletion of taken.value.deletions) {
    const next = deleteFrom(merged, identity.id, deletion)
    if (!next.ok) return next
    merged = next.value
  }
  if (!taken.value.rest) return ok(merged)
  if (identity.type === undefined) return err({ code: 'unknown-document', document: identity.id })

  const rest = readDocument({ tree, text: source.text }, minor)
  if (!rest.ok) return rest
  const left = merged.find(({ id }) => id === identity.id)
  if (!left) return ok([...merged, { ...rest.value, changed: true }])
  const value = mergeStructs(identity.type, left.value, rest.value.value)
  if (!value.ok) {
    const { where, reason } = value.error
    return err({ code: 'type-mismatch', document: identity.id, where: sayPath(where), reason })
  }
  return ok(replaced(merged, left, { ...left, value: value.value, changed: true }))
}

function deleteFrom(documents: Documents, id: string, deletion: Deletion): Applied {
  const left = documents.find((document) => document.id === id)
  // What is not there needs no deleting, as long as it is a whole document.
  if (!left) return ok(documents)
  if (deletion.path.length === 0 && left.type === undefined) return ok(documents.filter((each) => each !== left))
  if (left.type === undefined) return err({ code: 'unknown-document', document: id })
  const deleted = applyDeletion(left.type, left.value, deletion)
  switch (deleted.kind) {
    case 'document':
      return ok(documents.filter((each) => each !== left))
    case 'changed':
      return ok(replaced(documents, left, { ...left, value: deleted.value, changed: true }))
    case 'lookup-failed':
      return err({ code: 'lookup-failed', document: id, where: sayPath(deletion.path) })
    case 'refused':
      return err({ code: 'delete-not-possible', document: id, where: sayPath(deletion.path), reason: deleted.reason })
  }
}

function applyJson(documents: Documents, patches: readonly JsonPatch[], minor: TalosContract): Applied {
  const [only, ...others] = documents
  if (!only || others.length > 0) return err({ code: 'json-patch-multi-document', documentCount: documents.length })
  let now: Value =
    (only.changed && only.type !== undefined
      ? encodeStruct(only.type, only.value)
      : decodeFree(only.source.tree).value) ?? new Map()
  for (const { index, operations } of patches) {
    const patched = applyJsonPatch(now, operations)
    if (!patched.ok) return err({ code: 'json-patch-failed', ...patched.error, patch: index })
    now = patched.value
  }
  if (!isValueMap(now)) return err({ code: 'json-patch-failed', where: '/', reason: 'would no longer be a map' })

  const tree = only.source.tree.clone() as Source['tree']
  writeInto(tree, now)
  const identity = identify(tree, minor)
  if (identity?.type === undefined)
    return err({ code: 'unknown-document', document: identity?.id ?? 'without apiVersion and kind' })
  const { value, findings } = decodeDocument(identity.type, tree, minor)
  if (findings[0]) return err(findingProblem(identity.id, findings[0]))
  return ok([{ source: { tree, text: only.source.text }, ...identity, type: identity.type, value, changed: true }])
}

const replaced = (documents: Documents, old: ConfigDocument, now: ConfigDocument): Documents =>
  documents.map((each) => (each === old ? now : each))
