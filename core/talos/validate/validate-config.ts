import { parseAllDocuments } from 'yaml'
import type { Json } from '../../base/canonical-json.ts'
import { contractFor, type TalosContract } from '../contracts/contract-for.ts'
import { MAX_CONFIG_CHARS } from '../machine-config.ts'
import { checkShape } from './check-shape.ts'
import { membersOf, textOf, type MachineRole, type Members, type ParsedDocument } from './config-document.ts'
import { checkTogether } from './cross-rules.ts'
import type { ConfigFault, FieldFault } from './fault.ts'
import { checkKind } from './kind-rules.ts'
import { checkMain } from './main-rules.ts'
import { readShapes } from './shape-language.ts'
import { HOST_SHAPES } from './shapes-host.ts'
import { KUBERNETES_SHAPES } from './shapes-kubernetes.ts'
import { MAIN_SHAPES } from './shapes-main.ts'
import { NETWORK_SHAPES } from './shapes-network.ts'

/**
 * What a node of a Talos minor would refuse in a machine configuration, found before it is sent. [] is no promise that
 * the node takes it: only the node knows its disks and links. `minor` is the Talos that will read the configuration,
 * which may be newer than the contract that wrote it.
 */
export function validateConfig(
  yaml: string,
  { minor, role }: { readonly minor: TalosContract; readonly role: MachineRole },
): readonly ConfigFault[] {
  const parsed = readDocuments(yaml)
  if ('faults' in parsed) return parsed.faults
  const { documents } = parsed
  const context = { role, contract: contractFor(minor) }
  const number = Number(minor.split('.')[1])
  const faults = documents.flatMap(({ label, kind, value }) => {
    const own = kind === 'Main' ? checkMain(value, context) : checkKind(kind, value, context)
    return distinct([...checkDocument(kind, value, number), ...own]).map((found) => ({ document: label, ...found }))
  })
  const main = documents.some(({ kind }) => kind === 'Main')
  const missing = main ? [] : [{ document: MAIN_LABEL, field: '', message: 'the v1alpha1 document is missing' }]
  return [...faults, ...missing, ...checkTogether(documents, role, number)]
}

const SHAPES = readShapes(MAIN_SHAPES, KUBERNETES_SHAPES, NETWORK_SHAPES, HOST_SHAPES)
const API_VERSION = 'v1alpha1'
const MAIN_LABEL = 'v1alpha1'
const MAIN_KEYS = ['machine', 'cluster', 'version', 'debug', 'persist']
/** A configuration has some forty documents; a node has no use for more than this. */
const MAX_DOCUMENTS = 1000

type Documents = { readonly documents: readonly ParsedDocument[] } | { readonly faults: readonly ConfigFault[] }

function readDocuments(yaml: string): Documents {
  const refused = (message: string): Documents => ({ faults: [{ document: 'configuration', field: '', message }] })
  if (yaml.length > MAX_CONFIG_CHARS) return refused('is too large')
  const read = parseAllDocuments(yaml)
  // An empty stream is not a list.
  if (!Array.isArray(read)) return refused('is empty')
  if (read.length > MAX_DOCUMENTS) return refused('has too many documents')
  const documents: ParsedDocument[] = []
  for (const [index, document] of read.entries()) {
    const [error] = document.errors
    if (error) return refused(`document ${index + 1} is not YAML: ${error.message.split('\n')[0] ?? ''}`)
    const value = document.toJS() as Json
    if (value === null) continue
    const members = membersOf(value)
    if (!members) return refused(`document ${index + 1} is not a mapping`)
    documents.push(identify(members, index))
  }
  return documents.length > 0 ? { documents } : refused('is empty')
}

function identify(value: Members, index: number): ParsedDocument {
  const kind = textOf(value['kind'])
  if (kind === undefined && MAIN_KEYS.some((key) => key in value))
    return { label: MAIN_LABEL, kind: 'Main', name: undefined, value }
  const name = textOf(value['name'])
  const label = kind === undefined ? `document ${index + 1}` : name === undefined ? kind : `${kind}/${name}`
  return { label, kind: kind ?? '', name, value }
}

function checkDocument(kind: string, value: Members, minor: number): readonly FieldFault[] {
  if (kind === 'Main') return checkShape(value, SHAPES.get('Main')!, SHAPES, minor)
  if (kind === '') return [{ field: 'kind', message: 'is missing' }]
  const shape = SHAPES.get(kind)
  if (!shape?.kind || kind === MAIN_KIND) return [{ field: 'kind', message: `${kind} is no kind that Talos knows` }]
  if (shape.since > minor) return [{ field: 'kind', message: `${kind} is known from Talos 1.${shape.since} on` }]
  const { apiVersion, kind: _, ...members } = value
  const version = apiVersion === API_VERSION ? [] : [{ field: 'apiVersion', message: `must be ${API_VERSION}` }]
  return [...version, ...checkShape(members, shape, SHAPES, minor)]
}

/** Only a name in our own tables; nobody may write it. */
const MAIN_KIND = 'Main'

/** A shape and a rule may find the same field at fault; the first says enough. */
const distinct = (faults: readonly FieldFault[]): readonly FieldFault[] =>
  faults.filter(({ field }, index) => faults.findIndex((other) => other.field === field) === index)
