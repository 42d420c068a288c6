import { afterEach, describe, expect, test } from 'vitest'
import { ensureImage } from '#agent/operations/image-ensure.ts'
import { createMachine } from '#agent/operations/machine-create.ts'
import { removeMachine } from '#agent/operations/machine-remove.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import { roleGrants, type RightsPlan } from '#agent/doctor/rights-script.ts'
import type { Release } from '#lab/proxmox/profile.ts'
import { typeCommands } from '#test/support/proxmox-commands.ts'
import {
  aCreation,
  aRemoval,
  FOREIGN_UUID,
  HOST,
  ROOT_PASSWORD,
  SCHEMATIC,
  startProxmoxSite,
  TALOS_VERSION,
  type ProxmoxSite,
} from '#test/support/proxmox-site.ts'
import { handlerContext } from '#test/support/step-journal.ts'
import { aPlan, commandsOf } from './lab-site.ts'

/** What the rights script gives is enough for the whole life of a machine, and nothing in it is for show. */
let site: ProxmoxSite | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

/** The whole life of a machine, and what the agent sees of the site; the first thing that does not work. */
async function firstTrouble(commands: readonly (readonly string[])[], release: Release): Promise<string | undefined> {
  site = await startProxmoxSite(async (host) => {
    const secret = await typeCommands(host, ROOT_PASSWORD, commands)
    return { tokenId: 'lanline@pve!agent', secret: secret ?? '', pool: 'lanline' }
  }, release)
  const { provider, deps, host } = site
  const seen = await provider.observe()
  if (!seen.ok) return `observe: ${JSON.stringify(seen.error)}`
  const { hosts, storages, bridges, guests } = seen.value
  if (hosts[0]?.threads !== 36) return 'the host is not seen'
  if (storages.map(({ name }) => name).join() !== 'local,local-zfs') return 'a storage is not seen'
  if (bridges.length !== 1) return 'the bridge is not seen'
  if (guests.find(({ uuid }) => uuid === FOREIGN_UUID)?.memoryMiB !== 32 * 1024) return 'the foreign guest is not seen'

  const image = {
    host: HOST,
    imageStorage: 'local',
    talosVersion: TALOS_VERSION,
    extensions: [],
    schematicId: SCHEMATIC,
  }
  const brought = await ensureImage(deps)(image, handlerContext())
  if (!brought.ok) return JSON.stringify(brought.error)
  for (const bringUp of [createMachine, startMachine]) {
    const done = await bringUp(deps)(aCreation(), handlerContext())
    if (!done.ok) return JSON.stringify(done.error)
  }
  const tags = host
    .guests()
    .find((guest) => !guest.foreign)
    ?.config.get('tags')
  if (tags !== 'lanline;lanline-home') return `its tags are ${tags}`
  const volumes = await provider.listLeftovers(aRemoval())
  if (!volumes.ok || volumes.value.volumeIds.length === 0) return 'its volumes are not seen'
  const removed = await removeMachine(deps)(aRemoval(), handlerContext())
  if (!removed.ok) return JSON.stringify(removed.error)
  return host.guests().some((guest) => !guest.foreign) ? 'the machine is still there' : undefined
}

const without = (plan: RightsPlan, role: string, privilege: string): readonly (readonly string[])[] =>
  commandsOf(plan).map((words) =>
    words[1] === 'role' && words[3] === role
      ? words.map((word) =>
          word
            .split(' ')
            .filter((name) => name !== privilege)
            .join(' '),
        )
      : words,
  )

describe.each(['9.2', '8.4'] as const)('on %s', (release) => {
  const plan = aPlan({ release: release === '9.2' ? [9, 2] : [8, 4] })

  test('with the rights of the script a machine is made, started and removed, and everything needed is seen', async () => {
    expect(await firstTrouble(commandsOf(plan), release)).toBeUndefined()
  })

  const privileges = roleGrants(plan).flatMap(({ role, privileges: names }) =>
    names.map((name) => [name, role] as const),
  )

  test.each(privileges)('%s of %s is needed', async (privilege, role) => {
    expect(await firstTrouble(without(plan, role, privilege), release)).toBeDefined()
  })
})
