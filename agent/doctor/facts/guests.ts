import { ok, type Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import { path } from '../../providers/proxmox/http.ts'
import {
  macsOf,
  parseProperties,
  parseTags,
  toCount,
  toFlag,
  toRow,
  toRows,
  toText,
  uuidOf,
  type Row,
} from '../../providers/proxmox/parse.ts'
import type { SiteLook } from '../site-look.ts'

/** A guest, ours or foreign. Containers have neither identity nor network cards here. */
export interface GuestFacts {
  readonly kind: 'qemu' | 'lxc'
  readonly host: string
  readonly vmid: number
  readonly name: string
  readonly running: boolean
  /** Made by Lanline, by its tag or the marker in its description. */
  readonly ours: boolean
  readonly uuid: string | undefined
  readonly macs: readonly string[]
  /** `backup`, `create` … while an operation holds it, or since one died. */
  readonly lock: string | undefined
  readonly nics: readonly { readonly key: string; readonly settings: Readonly<Record<string, string>> }[]
  readonly mappings: readonly string[]
}

/** A site of more guests is looked at in part; the newest numbers first, where ours are. */
const MAX_GUESTS = 1_000
const OUR_TAG = 'lanline'
/** How a description written by the agent begins. */
const MARKER = /^Made by lanline for cluster /m

export async function guestsOf(look: SiteLook): Promise<Result<readonly GuestFacts[], Problem>> {
  const listed = await look.read('/cluster/resources', { type: 'vm' })
  if (!listed.ok) return listed
  const rows = toRows(listed.value.data)
    .filter((row) => !toFlag(row['template']))
    .sort((a, b) => toCount(b['vmid']) - toCount(a['vmid']))
    .slice(0, MAX_GUESTS)
  return ok(await Promise.all(rows.map((row) => guestOf(look, row))))
}

async function guestOf(look: SiteLook, row: Row): Promise<GuestFacts> {
  const kind = row['type'] === 'lxc' ? 'lxc' : 'qemu'
  const host = toText(row['node']) ?? ''
  const vmid = toCount(row['vmid'])
  const read = kind === 'qemu' ? await look.read(path`/nodes/${host}/qemu/${vmid}/config`) : undefined
  const config = read?.ok ? toRow(read.value.data) : {}
  const settingsOf = (key: string): Readonly<Record<string, string>> => parseProperties(toText(config[key]))
  const keys = Object.keys(config).sort()
  return {
    kind,
    host,
    vmid,
    name: toText(config['name']) ?? toText(row['name']) ?? '',
    running: row['status'] === 'running',
    ours:
      parseTags(toText(config['tags']) ?? toText(row['tags'])).includes(OUR_TAG) ||
      MARKER.test(toText(config['description']) ?? ''),
    uuid: uuidOf(config),
    macs: kind === 'qemu' ? macsOf(config) : [],
    lock: toText(config['lock']) ?? toText(row['lock']),
    nics: keys.filter((key) => /^net\d+$/.test(key)).map((key) => ({ key, settings: settingsOf(key) })),
    mappings: keys.filter((key) => /^hostpci\d+$/.test(key)).flatMap((key) => settingsOf(key)['mapping'] ?? []),
  }
}

/** `talos-node-0 (VM 5000 on pve1)` */
export const sayGuest = ({ name, kind, vmid, host }: Pick<GuestFacts, 'name' | 'kind' | 'vmid' | 'host'>): string =>
  `${name === '' ? 'unnamed' : name} (${kind === 'qemu' ? 'VM' : 'CT'} ${vmid} on ${host})`
