import { afterEach, beforeEach, expect, test } from 'vitest'
import type { InstallProgress } from '#lab/talos/unattended-install.ts'
import { machineConfig, newBundle, type Bundle } from './support/bundle.ts'
import { apply, insecure, secure } from './support/client.ts'
import { inMaintenance, nodeOf } from './support/cluster.ts'
import { aGuest, newSite, until, type Site } from './support/site.ts'

/** A machine of Talos 1.14 with an empty disk beside the CD it runs from. */
const FROM = { talosVersion: 'v1.14.0', schematicId: 'a'.repeat(64) }
const OTHER = { talosVersion: 'v1.14.1', schematicId: 'b'.repeat(64) }
const IMAGE = `factory.talos.dev/metal-installer/${OTHER.schematicId}:${OTHER.talosVersion}`
const guest = aGuest(1, { disk: { id: 'disk-1', sizeGiB: 32, image: undefined }, installer: FROM })

let site: Site
let bundle: Bundle
beforeEach(async () => {
  site = newSite()
  bundle = await newBundle()
})
afterEach(() => site.close())

/** Every phase that the node shows, in order. */
async function install(wish: string, path = '/dev/sda'): Promise<InstallProgress[]> {
  site.guests.powerOn(guest)
  await inMaintenance(site, guest)
  const shown: InstallProgress[] = []
  site.world.changes.listen(() => {
    const { install: now } = nodeOf(site, guest)
    if (now && now !== shown.at(-1)) shown.push(now)
  })
  const document = `apiVersion: v1alpha1\nkind: UnattendedInstallConfig\n${wish}provisioning:\n  diskSelector:\n    match: disk.dev_path == "${path}"\n`
  const config = machineConfig(bundle, { hostname: guest.name, address: guest.address, mac: guest.mac })
  await apply(insecure(site.lan, guest.address), `${config}---\n${document}`)
  return shown
}

const phases = (shown: readonly InstallProgress[]) => shown.map(({ phase }) => phase)

test('an installer that is named is installed, and the node reboots into it; until then it is not bootstrapped', async () => {
  const shown = await install(`installer:\n  image: ${IMAGE}\n`)
  await until(() => nodeOf(site, guest).disk?.talosVersion === OTHER.talosVersion, 'it runs what was installed')
  await until(() => nodeOf(site, guest).install?.phase === 'installed', 'it says so')
  expect(phases(shown)).toEqual(['installing', 'waiting-for-reboot', 'installed'])
  expect(shown[0]).toMatchObject({ image: IMAGE })
  expect(nodeOf(site, guest).disk).toMatchObject({ ...OTHER, installed: true, fallback: FROM })
})

test('without one the node installs what it runs, and does not reboot by itself', async () => {
  const shown = await install('')
  const { bootId } = nodeOf(site, guest)
  await until(() => nodeOf(site, guest).install?.phase === 'installed', 'it is installed')
  expect(phases(shown)).toEqual(['installing', 'installed'])
  expect(shown[0]?.image).toBe(`factory.talos.dev/metal-installer/${FROM.schematicId}:${FROM.talosVersion}`)
  expect(nodeOf(site, guest)).toMatchObject({ bootId, disk: { ...FROM, installed: true } })
})

test.each([
  ['a disk that is not there is waited for', '', '/dev/nvme0n1', 'pending', 'no disk matched the selector'],
  [
    'an installer that nobody has fails',
    'installer:\n  image: ghcr.io/x/installer:v9.9.9\n',
    '/dev/sda',
    'failed',
    'not found',
  ],
])('%s, and Bootstrap stays shut', async (_, wish, path, phase, words) => {
  await install(wish, path)
  await until(() => nodeOf(site, guest).install?.phase === phase, `it is ${phase}`)
  expect(nodeOf(site, guest).install?.error).toContain(words)
  await until(() => nodeOf(site, guest).etcdWaiting, 'etcd waits')
  const { machine } = await secure(site.lan, guest.address, bundle)
  await expect(machine.bootstrap({})).rejects.toThrow('bootstrap is not available yet')
})
