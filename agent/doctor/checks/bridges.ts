import { ok } from '#core/base/result.ts'
import { toFlag, toRows, toText } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { askEach } from '../facts/hosts.ts'
import { fine, trouble, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'
import type { Wanted } from '../wanted.ts'

/** A bridge as a host lists it; without SDN.Use on it, it is missing from the list. */
export interface BridgeFacts {
  readonly name: string
  readonly ports: readonly string[]
  readonly vlanAware: boolean
  /** A bridge of the kernel: VNets of the SDN bring their own VLANs. */
  readonly kernel: boolean
}

export const bridgeCheck: Check<SiteLook> = {
  name: 'bridges',
  async run(look) {
    const asked = await askEach(look, '/network', toBridges, { type: 'any_bridge' })
    if (!asked.ok) return asked
    const hosts = asked.value.flatMap(({ host, answer }) => (answer.ok ? [{ host, bridges: answer.value }] : []))
    return ok(judgeBridges(hosts, look.wanted))
  },
}

const toBridges = (data: unknown): readonly BridgeFacts[] =>
  toRows(data).map((row) => ({
    name: toText(row['iface']) ?? '',
    ports: (toText(row['bridge_ports']) ?? toText(row['ovs_ports']) ?? '').split(/\s+/).filter((port) => port !== ''),
    vlanAware: toFlag(row['bridge_vlan_aware']) || row['type'] === 'OVSBridge',
    kernel: row['type'] === 'bridge',
  }))

interface HostBridges {
  readonly host: string
  readonly bridges: readonly BridgeFacts[]
}

export function judgeBridges(
  hosts: readonly HostBridges[],
  wanted: Pick<Wanted, 'hosts' | 'bridges'> | undefined,
): readonly Finding[] {
  if (!wanted) return hosts.map(judgeAny)
  const used = hosts.filter(({ host }) => wanted.hosts.some(({ name }) => name === host))
  return used.flatMap((each) => wanted.bridges.map(({ name, vlan }) => judgeWanted(each, name, vlan)))
}

function judgeAny({ host, bridges }: HostBridges): Finding {
  if (bridges.length > 0) return fine('bridge-there', `bridges of ${host}`, bridges.map(({ name }) => name).join(', '))
  return trouble(
    'bridge-missing',
    `bridges of ${host}`,
    'the token sees no bridge there; without the right to use it a bridge is hidden',
    'lanline-agent rights --bridge vmbr0   # prints the script with the name of yours',
  )
}

function judgeWanted({ host, bridges }: HostBridges, name: string, vlan: number | undefined): Finding {
  const about = `bridge ${name} on ${host}`
  const bridge = bridges.find((each) => each.name === name)
  if (!bridge)
    return trouble(
      'bridge-missing',
      about,
      `there is no such bridge, or no SDN.Use on it, which looks the same; the token sees ${bridges.map((each) => each.name).join(', ') || 'none'}`,
      `ip -br link show ${name}   # on ${host}; if it is there: lanline-agent rights --bridge ${name}`,
    )
  if (vlan === undefined || !bridge.kernel) return fine('bridge-there', about, 'there and usable')
  if (bridge.ports.length === 0)
    return trouble(
      'bridge-without-port',
      about,
      `VLAN ${vlan} is wanted, but the bridge has no port: machines on it would not start`,
      `pvesh set /nodes/${host}/network/${name} --type bridge --bridge_ports PORT --bridge_vlan_aware 1 && pvesh set /nodes/${host}/network`,
    )
  return fine(
    'bridge-there',
    about,
    bridge.vlanAware ? `VLAN ${vlan} by the bridge itself` : `VLAN ${vlan} by a bridge that Proxmox adds for it`,
  )
}
