import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newBundle, type Bundle } from './support/bundle.ts'
import { all, refusalOf, secure } from './support/client.ts'
import { bringUp, configure, nodeOf } from './support/cluster.ts'
import { aGuestWith, newSite, until, type Site } from './support/site.ts'

let site: Site
let bundle: Bundle
beforeEach(async () => {
  site = newSite()
  bundle = await newBundle()
})
afterEach(() => site.close())

const SCHEMATIC = 'b'.repeat(64)
const installer = (version: string) => `factory.talos.dev/nocloud-installer/${SCHEMATIC}:${version}`

describe('the life cycle of Talos 1.13 and later', () => {
  const guest = aGuestWith(1, 'v1.13.9')
  const version = () => nodeOf(site, guest).disk?.talosVersion

  test('an upgrade pulls, installs with exit code 0, and counts from the next boot on', async () => {
    await configure(site, bundle, guest)
    const { image, lifecycle, machine } = await secure(site.lan, guest.address, bundle)
    const pulled = await all(image.pull({ imageRef: installer('v1.14.0') }))
    expect(pulled.at(-1)?.response).toEqual({ case: 'name', value: installer('v1.14.0') })
    const said = await all(lifecycle.upgrade({ source: { imageName: installer('v1.14.0') } }))
    expect(said.at(-1)?.progress?.response).toEqual({ case: 'exitCode', value: 0 })
    expect(said.filter((one) => one.progress?.response.case === 'message').length).toBeGreaterThan(3)
    const { bootId } = nodeOf(site, guest)
    await machine.reboot({})
    await until(() => nodeOf(site, guest).bootId !== bootId && nodeOf(site, guest).secured, 'it is back')
    const after = await secure(site.lan, guest.address, bundle)
    const [answer] = (await after.machine.version({})).messages
    expect(answer?.version?.tag).toBe('v1.14.0')
    expect(nodeOf(site, guest).disk?.schematicId).toBe(SCHEMATIC)
  })

  test('what was installed runs from the next boot on, and a rollback boots what ran before', async () => {
    await configure(site, bundle, guest)
    const clients = await secure(site.lan, guest.address, bundle)
    expect(await refusalOf(clients.machine.rollback({}))).toContain('no alternate boot label')
    await all(clients.image.pull({ imageRef: installer('v1.14.0') }))
    await all(clients.lifecycle.upgrade({ source: { imageName: installer('v1.14.0') } }))
    expect((await clients.machine.version({})).messages[0]?.version?.tag).toBe('v1.13.9')
    await site.guests.powerOff(guest.uuid, 'stop')
    site.guests.powerOn(guest)
    await until(() => version() === 'v1.14.0' && nodeOf(site, guest).secured, 'the new one runs')
    const after = await secure(site.lan, guest.address, bundle)
    await after.machine.rollback({})
    await until(() => version() === 'v1.13.9', 'the other slot is chosen')
  })

  test('an installer that was not pulled is not found, and one of no release cannot be pulled', async () => {
    await configure(site, bundle, guest)
    const { image, lifecycle } = await secure(site.lan, guest.address, bundle)
    expect(await refusalOf(all(lifecycle.upgrade({ source: { imageName: installer('v1.14.0') } })))).toMatch(
      /installer image ".*" not found in containerd store/,
    )
    expect(await refusalOf(all(image.pull({ imageRef: installer('v1.99.0') })))).toMatch(/^NotFound: .*not found/)
    expect(version()).toBe('v1.13.9')
  })

  test('an image that is no installer fails by its exit code, not by gRPC', async () => {
    await configure(site, bundle, guest)
    const { image, lifecycle } = await secure(site.lan, guest.address, bundle)
    await all(image.pull({ imageRef: 'docker.io/library/nginx:1.29' }))
    const said = await all(lifecycle.upgrade({ source: { imageName: 'docker.io/library/nginx:1.29' } }))
    expect(said.at(-1)?.progress?.response).toEqual({ case: 'exitCode', value: 1 })
    expect(version()).toBe('v1.13.9')
  })

  test('two upgrades at a time are one too many', async () => {
    await configure(site, bundle, guest)
    const { image, lifecycle } = await secure(site.lan, guest.address, bundle)
    await all(image.pull({ imageRef: installer('v1.14.0') }))
    const first = all(lifecycle.upgrade({ source: { imageName: installer('v1.14.0') } }))
    await until(() => nodeOf(site, guest).busyWith === 'upgrade', 'the first one runs')
    expect(await refusalOf(all(lifecycle.upgrade({ source: { imageName: installer('v1.14.0') } })))).toBe(
      'FailedPrecondition: another installation/upgrade is already in progress',
    )
    await first
    expect(await refusalOf(all(lifecycle.install({})))).toBe('AlreadyExists: machine is already installed')
  })
})

describe('the upgrade of Talos up to 1.12', () => {
  const guests = [1, 2, 3].map((number) => aGuestWith(number, 'v1.12.9'))
  const [one] = guests as [(typeof guests)[0]]

  test('1.12 knows no life cycle service and no image service', async () => {
    await configure(site, bundle, one)
    const { image, lifecycle } = await secure(site.lan, one.address, bundle)
    expect(await refusalOf(all(lifecycle.upgrade({})))).toMatch(/^Unimplemented/)
    expect(await refusalOf(all(image.list({})))).toMatch(/^Unimplemented/)
  })

  test('one call installs and reboots by itself, and its actor tells of it', async () => {
    await bringUp(site, bundle, [one])
    const { machine } = await secure(site.lan, one.address, bundle)
    const { bootId, events } = nodeOf(site, one)
    const [answer] = (await machine.upgrade({ image: installer('v1.13.9') })).messages
    expect(answer?.ack).toBe('Upgrade request received')
    await until(() => nodeOf(site, one).bootId !== bootId && nodeOf(site, one).nodeReady, 'it is back')
    expect(nodeOf(site, one).disk?.talosVersion).toBe('v1.13.9')
    const mine = events.past({ events: -1 }).filter((event) => event.actorId === answer?.actorId)
    expect(mine.length).toBeGreaterThan(10)
  })

  test('a staged one waits for the next boot', async () => {
    await configure(site, bundle, one)
    const { machine } = await secure(site.lan, one.address, bundle)
    const { bootId } = nodeOf(site, one)
    await machine.upgrade({ image: installer('v1.13.9'), stage: true })
    expect(nodeOf(site, one).disk?.talosVersion).toBe('v1.12.9')
    await until(() => nodeOf(site, one).disk?.talosVersion === 'v1.13.9', 'the boot installs it')
    expect(nodeOf(site, one).bootId).not.toBe(bootId)
  })

  test('two members of etcd cannot spare one, unless the caller switches the check off', async () => {
    await bringUp(site, bundle, guests.slice(0, 2))
    const { machine } = await secure(site.lan, one.address, bundle)
    expect(await refusalOf(machine.upgrade({ image: installer('v1.13.9') }))).toContain(
      'etcd member count(2) is insufficient to maintain quorum',
    )
    expect(await refusalOf(machine.upgrade({ image: installer('v1.13.9'), preserve: true }))).toBe('answered')
  })

  test('an installer of no release is refused before anything happens', async () => {
    await configure(site, bundle, one)
    const { machine } = await secure(site.lan, one.address, bundle)
    expect(await refusalOf(machine.upgrade({ image: installer('v1.99.0') }))).toMatch(
      /error validating installer image/,
    )
    expect(nodeOf(site, one).stage).not.toBe('upgrading')
  })
})
