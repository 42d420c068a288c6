import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { DOCUMENT_SCHEMAS, KINDS, MAX_DOCUMENTS, type Kind } from '#core/model/document.ts'
import { parseVmids, type VmidRange } from '#core/model/site.ts'
import { toNumber, toRow, toRows, toText, type Row } from '../providers/proxmox/parse.ts'

/** What the documents of one site want to find on its hosts. */
export interface Wanted {
  readonly hosts: readonly {
    readonly name: string
    readonly storage: string | undefined
    readonly imageStorage: string | undefined
  }[]
  readonly bridges: readonly { readonly name: string; readonly vlan: number | undefined }[]
  /** PCI mappings that machine classes name. */
  readonly mappings: readonly string[]
  readonly vmids: VmidRange | undefined
  readonly talosVersions: readonly string[]
}

/** Reads the files that `lanline apply` takes. Several sites in one file cannot be told apart by one agent. */
export function readWanted(files: readonly { readonly name: string; readonly text: string }[]): Result<Wanted, string> {
  const specs: { readonly kind: Kind; readonly spec: Row }[] = []
  for (const { name, text } of files) {
    for (const document of parseAllDocuments(text)) {
      const [broken] = document.errors
      if (broken) return err(`${name}: ${broken.message}`)
      const value = toRow(document.toJS({ maxAliasCount: 0 }))
      if (Object.keys(value).length === 0) continue
      const kind = KINDS.find((known) => known === value['kind'])
      if (kind === undefined) return err(`${name}: kind must be one of ${KINDS.join(', ')}`)
      const read = DOCUMENT_SCHEMAS[kind].safeParse(withoutPatches(value))
      if (!read.success) return err(`${name}: ${z.prettifyError(read.error)}`)
      specs.push({ kind, spec: toRow(read.data.spec) })
      if (specs.length > MAX_DOCUMENTS) return err(`${name}: more than ${MAX_DOCUMENTS} documents`)
    }
  }
  const ofKind = (kind: Kind): readonly Row[] => specs.filter((each) => each.kind === kind).map(({ spec }) => spec)
  const [site, another] = ofKind('Site')
  if (!site || another) return err('give the files of exactly one site: one document of kind Site must be in them')
  return ok({
    hosts: toRows(site['hosts']).map((host) => ({
      name: toText(host['name']) ?? '',
      storage: toText(host['storage']),
      imageStorage: toText(host['imageStorage']),
    })),
    bridges: ofKind('Network').map((network) => ({
      name: toText(network['bridge']) ?? '',
      vlan: toNumber(network['vlan']),
    })),
    mappings: unique(
      ofKind('MachineClass').flatMap((type) =>
        toRows(type['devices']).flatMap((device) => toText(device['mapping']) ?? []),
      ),
    ),
    vmids: parseVmids(toText(site['vmids']) ?? ''),
    talosVersions: unique(ofKind('Cluster').flatMap((cluster) => toText(toRow(cluster['talos'])['version']) ?? [])),
  })
}

/** People write patches as YAML text and as files, too, which the command line turns into what the schema takes. */
function withoutPatches(document: Row): Row {
  if (document['kind'] !== 'Cluster') return document
  const spec = toRow(document['spec'])
  const bare = (part: unknown): unknown => (isMap(part) ? { ...part, patches: undefined } : part)
  const { workers } = spec
  return {
    ...document,
    spec: {
      ...spec,
      machinePatches: undefined,
      talos: bare(spec['talos']),
      controlPlane: bare(spec['controlPlane']),
      workers: isMap(workers)
        ? Object.fromEntries(Object.entries(workers).map(([set, part]) => [set, bare(part)]))
        : workers,
    },
  }
}

const isMap = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)]
