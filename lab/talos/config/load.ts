import { parseAllDocuments } from 'yaml'
import { err, ok, type Result } from '#core/base/result.ts'
import { editionOf, type Edition } from '../edition.ts'
import { DOCUMENTS, NAMED_KINDS } from './keys-documents.ts'
import { V1ALPHA1 } from './keys-v1alpha1.ts'
import { checkShape, isRecord, textOf, type Shape } from './shape.ts'

/** The documents of one machine configuration, decoded and free of unknown keys; their meaning is not checked yet. */
export interface LoadedConfig {
  readonly v1alpha1: Record<string, unknown> | undefined
  readonly documents: readonly LoadedDocument[]
}

export interface LoadedDocument {
  readonly kind: string
  readonly name: string
  readonly body: Record<string, unknown>
}

/** Far more than any configuration has; a bound on the work one request can cause. */
const MAX_DOCUMENTS = 256
/** Faults reported at once; the first ones are enough to find the rest. */
const MAX_FAULTS = 20

/** Reads multi-document YAML as Talos does. The error names the field and is meant for the caller. */
export function loadConfig(yamlText: string, edition: Edition = editionOf('')): Result<LoadedConfig, string> {
  const parsed = parseAllDocuments(yamlText, { uniqueKeys: true })
  if (!Array.isArray(parsed)) return err('failed to parse config: no documents found')
  if (parsed.length > MAX_DOCUMENTS) return err(`failed to parse config: more than ${MAX_DOCUMENTS} documents`)
  const faults: string[] = []
  const documents: LoadedDocument[] = []
  let v1alpha1: Record<string, unknown> | undefined
  const seen = new Set<string>()
  for (const document of parsed) {
    const [broken] = document.errors
    if (broken) return err(`failed to parse config: yaml: ${broken.message}`)
    const body: unknown = document.toJS({ maxAliasCount: 100 })
    if (body === null || body === undefined) continue
    if (!isRecord(body)) return err('failed to parse config: a document is not a mapping')
    const { name, apiVersion } = body
    const kind = textOf(body['kind'])
    if (body['kind'] === undefined) {
      if (v1alpha1) faults.push('duplicate v1alpha1 document')
      v1alpha1 = body
      faults.push(...checkShape(body, V1ALPHA1, ''))
      continue
    }
    const shape = shapeOf(kind, edition)
    if (!shape || apiVersion !== 'v1alpha1') {
      faults.push(`"${kind}" "${textOf(apiVersion)}": not registered`)
      continue
    }
    const documentName = typeof name === 'string' ? name : ''
    if ((NAMED_KINDS.has(kind) || edition.namedDocuments.includes(kind)) && documentName === '')
      faults.push(`${kind}.name: name is required`)
    const identity = `${kind}/${documentName}`
    if (seen.has(identity)) faults.push(`duplicate document: ${identity}`)
    seen.add(identity)
    faults.push(...checkShape(body, shape, '').map((fault) => `${identity}: ${fault}`))
    documents.push({ kind, name: documentName, body })
  }
  if (faults.length > 0) return err(`failed to parse config: ${faults.slice(0, MAX_FAULTS).join('; ')}`)
  if (!v1alpha1 && documents.length === 0) return err('failed to parse config: no documents found')
  return ok({ v1alpha1, documents })
}

function shapeOf(kind: string, { documents }: Edition): Shape | undefined {
  if (Object.hasOwn(documents, kind)) return documents[kind]
  return Object.hasOwn(DOCUMENTS, kind) ? DOCUMENTS[kind] : undefined
}
