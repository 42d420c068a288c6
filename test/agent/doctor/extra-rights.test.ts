import { afterEach, describe, expect, test } from 'vitest'
import { ensureImage } from '#agent/operations/image-ensure.ts'
import { createMachine } from '#agent/operations/machine-create.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import { EXTRAS, type Extra } from '#agent/doctor/privileges.ts'
import type { Release } from '#lab/proxmox/profile.ts'
import { typeCommands } from '#test/support/proxmox-commands.ts'
import {
  aCreation,
  HOST,
  ROOT_PASSWORD,
  SCHEMATIC,
  startProxmoxSite,
  TALOS_VERSION,
  type ProxmoxSite,
} from '#test/support/proxmox-site.ts'
import { handlerContext } from '#test/support/step-journal.ts'
import { aPlan, commandsOf } from './lab-site.ts'

/** Each extra of the rights script lets the agent do one thing that it may not do without. */
let site: ProxmoxSite | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

async function withExtras(extras: readonly Extra[], release: Release): Promise<ProxmoxSite> {
  const plan = aPlan({ release: release === '9.2' ? [9, 2] : [8, 4], extras })
  await site?.close()
  site = await startProxmoxSite(async (host) => {
    const secret = await typeCommands(host, ROOT_PASSWORD, commandsOf(plan))
    return { tokenId: 'lanline@pve!agent', secret: secret ?? '', pool: 'lanline' }
  }, release)
  return site
}

const IMAGE = {
  host: HOST,
  imageStorage: 'local',
  talosVersion: TALOS_VERSION,
  extensions: [],
  schematicId: SCHEMATIC,
}

/** What each extra is for, as something the agent does: undefined when it works, else what it met. */
const DEEDS: Readonly<Record<Extra, (site: ProxmoxSite) => Promise<string | undefined>>> = {
  cdrom: async ({ deps, provider }) => {
    await ensureImage(deps)(IMAGE, handlerContext())
    const made = await createMachine(deps)(aCreation({ addressing: 'cidata' }), handlerContext())
    if (!made.ok) throw new Error(`not made: ${made.error.code}`)
    const ejected = await provider.ejectMedia(aCreation().machineId)
    return ejected.ok ? undefined : ejected.error.code
  },
  'guest-agent': async ({ deps, provider }) => {
    const wish = aCreation({ guestAgent: true })
    await ensureImage(deps)(IMAGE, handlerContext())
    await createMachine(deps)(wish, handlerContext())
    await startMachine(deps)(wish, handlerContext())
    const sight = await provider.look(wish)
    if (!sight.ok || sight.value.state !== 'present') return 'the machine is not there'
    const address = await provider.findAddress(sight.value.machine)
    return address.ok ? undefined : address.error.code
  },
  cleanup: async ({ deps, provider }) => {
    await ensureImage(deps)(IMAGE, handlerContext())
    const unused = await provider.listUnusedImages(HOST, 'local')
    const [image] = unused.ok ? unused.value : []
    if (!image) return 'the image is not seen'
    const deleted = await provider.deleteImage(HOST, image)
    return deleted.ok ? undefined : deleted.error.code
  },
  orphans: async ({ provider, host, bringImage, deps }) => {
    await bringImage()
    await createMachine(deps)(aCreation(), handlerContext())
    const storage = host.world.storages.get('local-zfs')
    const [disk] = host.volumes().filter(({ vmid }) => vmid === aCreation().vmid)
    if (!disk) return 'the machine has no disk'
    storage.volumes.set('orphan', { ...disk, id: 'orphan', volid: 'local-zfs:vm-2007-disk-0', vmid: 2007 })
    const left = await provider.listLeftovers({ machineId: aCreation().machineId, host: HOST, vmid: 2007 })
    return left.ok && left.value.volumeIds.length > 0 ? undefined : 'no orphan is seen'
  },
  quorum: ({ host }) => {
    const allowed = host.cluster.access.may({ user: 'lanline@pve', token: 'agent' }, '/', 'Sys.Audit')
    return Promise.resolve(allowed ? undefined : 'permission-missing')
  },
  ha: async ({ deps, provider, bringImage }) => {
    await bringImage()
    await createMachine(deps)(aCreation(), handlerContext())
    const sight = await provider.look(aCreation())
    if (!sight.ok || sight.value.state !== 'present') return 'the machine is not there'
    const released = await provider.releaseFromHa(sight.value.machine)
    return released.ok ? undefined : released.error.code
  },
}

describe.each(['9.2', '8.4'] as const)('on %s', (release) => {
  test.each(Object.keys(EXTRAS) as Extra[])('%s is needed for what it says, and enough for it', async (extra) => {
    expect(await DEEDS[extra](await withExtras([extra], release))).toBeUndefined()
    expect(await DEEDS[extra](await withExtras([], release))).toBeDefined()
  })

  test('no extra reaches beyond its path: a right on / is not a right on everything below', async () => {
    const { host } = await withExtras(['quorum', 'ha'], release)
    const who = { user: 'lanline@pve', token: 'agent' }
    for (const path of ['/access', '/storage/local', '/vms/100'])
      for (const privilege of ['Sys.Audit', 'Sys.Console'])
        expect(host.cluster.access.may(who, path, privilege)).toBe(false)
  })
})
