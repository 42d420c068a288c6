import { parse } from 'yaml'
import { z } from 'zod'
import type { GuestCloudInit } from '#lab/guest.ts'
import { readIso } from './iso9660.ts'

/**
 * What an uploaded medium labelled `cidata` tells a guest, in the form that Talos reads: `network-config` in version 1
 * or 2 and the host name of `meta-data`. Undefined when the image is none. Source: Talos documentation, nocloud.
 */
const LABEL = /^cidata$/i

const Version1 = z.object({
  version: z.literal(1),
  config: z.array(
    z.object({
      type: z.string(),
      mac_address: z.string().optional(),
      subnets: z
        .array(
          z.object({
            type: z.string(),
            address: z.string().optional(),
            netmask: z.string().optional(),
            gateway: z.string().optional(),
          }),
        )
        .optional(),
      address: z.union([z.string(), z.array(z.string())]).optional(),
    }),
  ),
})
const Version2 = z.object({
  version: z.literal(2),
  ethernets: z.record(
    z.string(),
    z.object({
      match: z.object({ macaddress: z.string().optional() }).optional(),
      dhcp4: z.boolean().optional(),
      addresses: z.array(z.string()).optional(),
      gateway4: z.string().optional(),
      routes: z.array(z.object({ to: z.string(), via: z.string() })).optional(),
      nameservers: z.object({ addresses: z.array(z.string()).optional() }).optional(),
    }),
  ),
})
const MetaData = z.object({ 'local-hostname': z.string().optional(), hostname: z.string().optional() })
const Network = z.union([
  Version1,
  Version2,
  z.object({ network: z.union([Version1, Version2]) }).transform(({ network }) => network),
])

export function readCidata(image: Buffer): GuestCloudInit | undefined {
  const iso = readIso(image)
  if (!iso || !LABEL.test(iso.label)) return undefined
  const textOf = (name: string): string => iso.files.get(name)?.toString('utf8') ?? ''
  const meta = MetaData.safeParse(yamlOf(textOf('meta-data')))
  const hostname = (meta.success ? (meta.data['local-hostname'] ?? meta.data.hostname) : undefined) ?? ''
  const network = Network.safeParse(yamlOf(textOf('network-config')))
  if (!network.success) return { hostname, nics: [], nameservers: [] }
  return { hostname, ...(network.data.version === 1 ? ofVersion1(network.data) : ofVersion2(network.data)) }
}

function yamlOf(text: string): unknown {
  try {
    return parse(text)
  } catch {
    // A guest that cannot read its network configuration has none.
    return undefined
  }
}

type Addressing = Pick<GuestCloudInit, 'nics' | 'nameservers'>

function ofVersion1({ config }: z.infer<typeof Version1>): Addressing {
  const nameservers = config
    .filter(({ type }) => type === 'nameserver')
    .flatMap(({ address }) => (typeof address === 'string' ? [address] : (address ?? [])))
  const nics = config.flatMap(({ type, mac_address: mac, subnets }) => {
    if (type !== 'physical' || mac === undefined) return []
    const fixed = subnets?.find((subnet) => subnet.type.startsWith('static') && subnet.address !== undefined)
    return [{ mac: mac.toLowerCase(), address: withPrefix(fixed?.address, fixed?.netmask), gateway: fixed?.gateway }]
  })
  return { nics, nameservers }
}

function ofVersion2({ ethernets }: z.infer<typeof Version2>): Addressing {
  const cards = Object.values(ethernets)
  const nics = cards.flatMap(({ match, addresses, gateway4, routes }) => {
    const mac = match?.macaddress
    if (mac === undefined) return []
    const byRoute = routes?.find(({ to }) => to === 'default' || to === '0.0.0.0/0')?.via
    return [{ mac: mac.toLowerCase(), address: addresses?.[0], gateway: gateway4 ?? byRoute }]
  })
  return { nics, nameservers: [...new Set(cards.flatMap(({ nameservers }) => nameservers?.addresses ?? []))] }
}

function withPrefix(address: string | undefined, netmask: string | undefined): string | undefined {
  if (address === undefined || address.includes('/') || netmask === undefined) return address
  const bits = netmask
    .split('.')
    .map((part) => Number(part).toString(2).replaceAll('0', '').length)
    .reduce((sum, count) => sum + count, 0)
  return `${address}/${bits}`
}
