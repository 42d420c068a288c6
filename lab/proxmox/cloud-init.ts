import { createHash } from 'node:crypto'
import type { GuestCloudInit } from '#lab/guest.ts'
import { splitList } from './formats.ts'
import { readProperties } from './property-string.ts'
import { drivesOf, isCloudInit, nicsOf } from './vm.ts'
import { ipConfigFormat } from './vm-formats.ts'

/** What the generated drive says, in words of the lab and in the files of the real one. */
type Config = ReadonlyMap<string, string>

/** Undefined when no cloud-init drive is attached. */
export function cloudInitOf(config: Config, vmid: number): GuestCloudInit | undefined {
  if (!drivesOf(config).some(([, drive]) => isCloudInit(drive.get('file') ?? ''))) return undefined
  return {
    hostname: hostNameOf(config, vmid),
    nics: addressesOf(config).map(({ mac, ip, gateway }) => ({
      mac: mac.toLowerCase(),
      address: ip === undefined || ip === 'dhcp' ? undefined : ip,
      gateway,
    })),
    nameservers: splitList(config.get('nameserver') ?? ''),
  }
}

export function dumpCloudInit(config: Config, vmid: number, part: 'network' | 'user' | 'meta'): string {
  if (part === 'network') return networkFile(config)
  const user = userFile(config, vmid)
  if (part === 'user') return user
  const instance = createHash('sha1').update(user).update(networkFile(config)).digest('hex')
  return `instance-id: ${instance}\n`
}

/** The keys that the host lists as belonging to the drive. */
export const CLOUD_INIT_KEYS = ['cicustom', 'cipassword', 'ciuser', 'nameserver', 'searchdomain', 'sshkeys']

const hostNameOf = (config: Config, vmid: number): string => config.get('name') ?? `VM${vmid}`

function addressesOf(
  config: Config,
): { index: number; mac: string; ip: string | undefined; gateway: string | undefined }[] {
  return nicsOf(config).map(({ index, mac }) => {
    const address = readProperties(ipConfigFormat, config.get(`ipconfig${index}`) ?? '')
    return { index, mac, ip: address?.get('ip'), gateway: address?.get('gw') }
  })
}

function networkFile(config: Config): string {
  const lines = ['version: 1', 'config:']
  for (const { index, mac, ip, gateway } of addressesOf(config)) {
    lines.push(
      '    - type: physical',
      `      name: eth${index}`,
      `      mac_address: '${mac.toLowerCase()}'`,
      '      subnets:',
    )
    if (ip === 'dhcp') lines.push('      - type: dhcp4')
    else if (ip !== undefined) {
      const [address = '', prefix = '32'] = ip.split('/')
      lines.push(
        '      - type: static',
        `        address: '${address}'`,
        `        netmask: '${netmaskOf(Number(prefix))}'`,
      )
      if (gateway !== undefined) lines.push(`        gateway: '${gateway}'`)
    }
  }
  const nameservers = splitList(config.get('nameserver') ?? '')
  const search = splitList(config.get('searchdomain') ?? '')
  if (nameservers.length + search.length > 0) {
    lines.push('    - type: nameserver', '      address:', ...nameservers.map((address) => `      - '${address}'`))
    lines.push('      search:', ...search.map((domain) => `      - '${domain}'`))
  }
  return `${lines.join('\n')}\n`
}

function userFile(config: Config, vmid: number): string {
  const hostname = hostNameOf(config, vmid)
  const [domain] = splitList(config.get('searchdomain') ?? '')
  return [
    '#cloud-config',
    `hostname: ${hostname}`,
    'manage_etc_hosts: true',
    ...(domain === undefined ? [] : [`fqdn: ${hostname}.${domain}`]),
    'chpasswd:',
    '  expire: False',
    'users:',
    '  - default',
    ...(config.get('ciupgrade') === '0' ? [] : ['package_upgrade: true']),
    '',
  ].join('\n')
}

const netmaskOf = (prefix: number): string =>
  [0, 8, 16, 24].map((offset) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - offset)))).join('.')
