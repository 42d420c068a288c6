import { ok } from '#core/base/result.ts'
import { parseProperties, toRows, toText, type Row } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { guestsOf } from '../facts/guests.ts'
import { hostsOf } from '../facts/hosts.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** PCI devices are passed through by the name of a mapping; it has to have an entry for the host, and the device has to be there. */
export interface MappingFacts {
  readonly id: string
  /** Hosts with an entry. */
  readonly hosts: readonly string[]
  /** What Proxmox says when it compares entry and device, by host. */
  readonly complaints: readonly { readonly host: string; readonly grave: boolean; readonly text: string }[]
}

export const mappingCheck: Check<SiteLook> = {
  name: 'device mappings',
  async run(look) {
    const guests = await guestsOf(look)
    if (!guests.ok) return guests
    const used = guests.value.filter(({ ours }) => ours).flatMap(({ mappings }) => mappings)
    const needed = [...new Set([...(look.wanted?.mappings ?? []), ...used])].sort()
    if (needed.length === 0) return ok([])
    const hosts = await hostsOf(look)
    if (!hosts.ok) return hosts
    const facts = new Map<string, MappingFacts>()
    for (const { name } of hosts.value.filter(({ online }) => online)) {
      const answer = await look.read('/cluster/mapping/pci', { 'check-node': name })
      if (!answer.ok) return answer
      for (const row of toRows(answer.value.data)) collect(facts, row, name)
    }
    return ok(judgeMappings(needed, [...facts.values()]))
  },
}

function collect(facts: Map<string, MappingFacts>, row: Row, host: string): void {
  const id = toText(row['id']) ?? ''
  const entries = Array.isArray(row['map']) ? row['map'].map((entry) => parseProperties(toText(entry))) : []
  const complaints = toRows(row['checks']).map((check) => ({
    host,
    grave: check['severity'] === 'error',
    text: toText(check['message']) ?? '',
  }))
  const known = facts.get(id)
  facts.set(id, {
    id,
    hosts: entries.flatMap((entry) => entry['node'] ?? []),
    complaints: [...(known?.complaints ?? []), ...complaints],
  })
}

export const judgeMappings = (needed: readonly string[], mappings: readonly MappingFacts[]): readonly Finding[] =>
  needed.flatMap((id) =>
    judgeOne(
      id,
      mappings.find((mapping) => mapping.id === id),
    ),
  )

function judgeOne(id: string, mapping: MappingFacts | undefined): readonly Finding[] {
  const about = `mapping ${id}`
  if (!mapping)
    return [
      trouble(
        'mapping-missing',
        about,
        'there is no such PCI mapping, or no Mapping.Use on it, which looks the same',
        `pvesh get /cluster/mapping/pci   # if it is there: lanline-agent rights --mapping ${id}\npvesh create /cluster/mapping/pci --id ${id} --map node=HOST,path=0000:01:00.0,id=VENDOR:DEVICE`,
      ),
    ]
  // A host without an entry is no fault: machines with the device are placed elsewhere.
  const there = mapping.complaints.filter(({ host }) => mapping.hosts.includes(host))
  if (there.length === 0) return [fine('mapping-there', about, `on ${[...new Set(mapping.hosts)].join(', ')}`)]
  return there.map(({ host, grave, text }) =>
    (grave ? trouble : warning)(
      'mapping-broken',
      `${about} on ${host}`,
      text,
      `lspci -nn   # on ${host}; then correct the entry: pvesh set /cluster/mapping/pci/${id} --map node=${host},path=ADDRESS,id=VENDOR:DEVICE`,
    ),
  )
}
