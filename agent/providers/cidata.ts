import { MAX_NICS, type NicShape } from '#core/model/hardware.ts'
import { invariant } from '#core/base/invariant.ts'
import { writeIso } from './iso9660.ts'

/**
 * A CD that tells a machine its name and its addresses before it has a configuration: the same three files that Proxmox
 * writes on a cloud-init drive. No secret is on it, for anybody who may see the storage can read it.
 *
 * Source: facts proxmox.md §2: Talos reads network-config version 1, knows `static` and `dhcp4`, wants a user-data file to
 * be there (talos#10541), and does not take one that begins with `#cloud-config` for its configuration.
 */
export interface CidataOf {
  readonly machineId: string
  readonly name: string
  readonly nics: readonly NicShape[]
  readonly nameservers: readonly string[]
}

/** The name tells whose it is: what begins like this and names no living machine may be thrown away. */
const PREFIX = 'lanline-'
export const cidataFileName = (machineId: string): string => `${PREFIX}${machineId}-cidata.iso`

/** The machine whose CD a file is; undefined when the file is not one of ours. */
export const machineOfCidata = (fileName: string): string | undefined =>
  /^lanline-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-cidata\.iso$/.exec(fileName)?.[1]

export function writeCidata(machine: CidataOf): Uint8Array {
  invariant(machine.nics.length <= MAX_NICS, 'a machine of limited NICs')
  const text = (content: string): Uint8Array => Buffer.from(content)
  return writeIso('cidata', [
    { name: 'meta-data', content: text(yaml({ 'instance-id': machine.machineId, 'local-hostname': machine.name })) },
    { name: 'user-data', content: text(`#cloud-config\n${yaml({ hostname: machine.name })}`) },
    { name: 'network-config', content: text(yaml(networkConfig(machine))) },
  ])
}

/** JSON is YAML, and leaves nothing to quoting. */
const yaml = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const networkConfig = ({ nics, nameservers }: CidataOf) => ({
  version: 1,
  config: [
    // Every NIC is declared: one that is not gets no address once the machine has its configuration.
    ...nics.map((nic, index) => ({
      type: 'physical',
      name: `eth${index}`,
      mac_address: nic.mac.toLowerCase(),
      ...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
      subnets: [subnetOf(nic)],
    })),
    ...(nameservers.length > 0 ? [{ type: 'nameserver', address: nameservers }] : []),
  ],
})

function subnetOf({ addressCidr, gateway }: NicShape) {
  if (addressCidr === undefined) return { type: 'dhcp4' }
  const [address = '', prefix = '32'] = addressCidr.split('/')
  return {
    type: 'static',
    address,
    netmask: netmaskOf(Number(prefix)),
    ...(gateway === undefined ? {} : { gateway }),
  }
}

/** 24 → 255.255.255.0 */
const netmaskOf = (prefix: number): string =>
  [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - from)))).join('.')
