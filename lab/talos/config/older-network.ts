import type { LinkWish } from './node-config.ts'
import { Reader } from './reader.ts'
import { textOf } from './shape.ts'

/** What `machine.network` of v1alpha1 says, the form of before there were documents: names, addresses, shared addresses. */
export interface OlderNetwork {
  readonly hostname: string | undefined
  readonly links: readonly LinkWish[]
  /** Alias → MAC, for links that are selected by their hardware. */
  readonly aliases: ReadonlyMap<string, string>
  readonly vips: readonly { readonly address: string; readonly link: string }[]
}

export function olderNetwork(r: Reader): OlderNetwork {
  const hostname = r.text('machine.network.hostname')
  const aliases = new Map<string, string>()
  const links: LinkWish[] = []
  const vips: { address: string; link: string }[] = []
  for (const [index, entry] of r.records('machine.network.interfaces').entries()) {
    const link = new Reader(entry)
    const mac = link.text('deviceSelector.hardwareAddr').toLowerCase()
    const name = link.text('interface') || `selected-${index}`
    if (mac !== '') aliases.set(name, mac)
    else if (link.text('interface') === '') {
      r.fault(`machine.network.interfaces[${index}]`, 'interface or deviceSelector.hardwareAddr is required')
      continue
    }
    const gateway = link.records('routes').find((route) => ['', '0.0.0.0/0'].includes(textOf(route['network'])))?.[
      'gateway'
    ]
    links.push({
      name,
      addresses: link.texts('addresses'),
      gateway: gateway === undefined ? undefined : textOf(gateway),
    })
    const vip = link.text('vip.ip')
    if (vip !== '') vips.push({ address: vip, link: name })
  }
  return { hostname: hostname === '' ? undefined : hostname, links, aliases, vips }
}
