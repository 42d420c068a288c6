import type { Command } from 'commander'
import { loadConfig, type LoadedConfig } from '../config/load-config.ts'
import { createDialer } from '../dialer.ts'
import { besideTheUnit } from '../doctor/beside-the-unit.ts'
import { releaseOf } from '../doctor/checks/version.ts'
import { EXTRAS, type Extra, type Release } from '../doctor/privileges.ts'
import { createReader } from '../doctor/probe/proxmox-reader.ts'
import { parseRelease, rightsScript } from '../doctor/rights-script.ts'
import { toRow, toText } from '../providers/proxmox/parse.ts'
import { fail } from './fail.ts'

interface Options {
  readonly pve?: string
  readonly user: string
  readonly token: string
  readonly pool: string
  readonly host?: readonly string[]
  readonly storage?: readonly string[]
  readonly imageStorage: readonly string[]
  readonly bridge: readonly string[]
  readonly mapping?: readonly string[]
  readonly with?: readonly string[]
  readonly config?: string
}

/** Names go into a script that root runs: nothing but what Proxmox itself allows in names. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/
const USER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}@[a-z][a-z0-9-]{1,31}$/

/** `rights`: prints a script that gives the agent its user, its token and no more rights than it needs. Changes nothing. */
export function addRightsCommand(program: Command): void {
  const extras = Object.entries(EXTRAS).map(([name, why]) => `${name}: ${why}`)
  program
    .command('rights')
    .description('print a script that makes the user, the token and the least rights on Proxmox; run it there as root')
    .option(
      '--pve <version>',
      'the release, like 9, 8 or 8.2; asked of the endpoint in the configuration when left out',
    )
    .option('--user <user>', 'the user to make', 'lanline@pve')
    .option('--token <name>', 'the name of its token', 'agent')
    .option('--pool <pool>', 'the pool of the machines', 'lanline')
    .option('--host <names...>', 'Proxmox nodes; all of the cluster when left out')
    .option('--storage <names...>', 'storages for disks')
    .option('--image-storage <names...>', 'storages for Talos images', ['local'])
    .option('--bridge <names...>', 'bridges, or ZONE/VNET of the SDN', ['vmbr0'])
    .option('--mapping <ids...>', 'PCI mappings to pass through')
    .option('--with <extras...>', `more than the least: ${extras.join('; ')}`)
    .option('--config <file>', 'the configuration file')
    .action(async (options: Options) => {
      const release = await findRelease(options)
      const { storage: diskStorages } = options
      if (!diskStorages)
        fail('--storage: name the storage for disks, like --storage local-lvm (pvesm status lists them)')
      const targets = {
        pool: options.pool,
        hosts: options.host ?? [],
        diskStorages,
        imageStorages: options.imageStorage,
        bridges: options.bridge,
        mappings: options.mapping ?? [],
      }
      for (const name of [options.token, ...Object.values(targets).flat()])
        if (!NAME.test(name)) fail(`"${name}" is not a name that Proxmox takes`)
      if (!USER.test(options.user)) fail(`--user: "${options.user}" must look like lanline@pve`)
      const plan = { release, user: options.user, tokenName: options.token, targets, extras: readExtras(options) }
      process.stdout.write(rightsScript(plan))
    })
}

const readExtras = (options: Options): readonly Extra[] =>
  (options.with ?? []).map((name) => {
    const extra = Object.keys(EXTRAS).find((known): known is Extra => known === name)
    return extra ?? fail(`--with: "${name}" is none of ${Object.keys(EXTRAS).join(', ')}`)
  })

async function findRelease(options: Options): Promise<Release> {
  if (options.pve !== undefined)
    return parseRelease(options.pve) ?? fail(`--pve: "${options.pve}" is not a supported release; give 8.0 to 9.x`)
  const config = loadConfig(options, besideTheUnit(process.env))
  const version = config.ok ? await askVersion(config.value) : undefined
  if (version === undefined)
    fail('--pve: give the release of your hosts, like --pve 9 (pveversion tells it); no configured endpoint told it')
  return parseRelease(version) ?? fail(`Proxmox VE ${version} is not supported; 8.0 to 9.x are`)
}

/** Needs a token that works, so it is for the second time: after an upgrade, or for another storage. */
async function askVersion(config: LoadedConfig): Promise<string | undefined> {
  const reader = createReader(config.proxmox, createDialer(config.lanProxy))
  const answer = await reader.read('/version')
  await reader.close()
  const text = answer.ok ? toText(toRow(answer.value.data)['version']) : undefined
  return text === undefined ? undefined : releaseOf(text).join('.')
}
