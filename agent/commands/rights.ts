import type { Command } from 'commander'
import { loadConfig } from '../config/load-config.ts'
import { createDialer } from '../dialer.ts'
import { besideTheUnit } from '../doctor/beside-the-unit.ts'
import { EXTRAS } from '../doctor/privileges.ts'
import { createReader } from '../doctor/probe/proxmox-reader.ts'
import { planRights, type RightsWish } from '../doctor/rights-plan.ts'
import { rightsScript } from '../doctor/rights-script.ts'
import { toRow, toText } from '../providers/proxmox/parse.ts'
import { fail } from './fail.ts'

interface Options extends RightsWish {
  readonly config?: string
}

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
      const plan = await planRights(options, () => askRelease(options))
      if (!plan.ok) fail(plan.error)
      process.stdout.write(rightsScript(plan.value))
    })
}

/** Needs a token that works, so it is for the second time: after an upgrade, or for another storage. */
async function askRelease(options: Options): Promise<string | undefined> {
  const config = loadConfig(options, besideTheUnit(process.env))
  if (!config.ok) return undefined
  const reader = createReader(config.value.proxmox, createDialer(config.value.lanProxy))
  const answer = await reader.read('/version')
  await reader.close()
  return answer.ok ? toText(toRow(answer.value.data)['version']) : undefined
}
