import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '#lab/talos/config/read-config.ts'
import { editionOf, findEdition } from '#lab/talos/edition.ts'
import { ApplyConfigurationRequest_Mode as Mode } from '#lab/talos/proto/machine_pb.js'
import { readVector } from '#test/support/vectors.ts'
import { machineConfig, machineDocuments, newBundle, toYaml, type Bundle } from './support/bundle.ts'
import { apply, insecure, refusalOf, secure } from './support/client.ts'
import { configure, inMaintenance, nodeOf } from './support/cluster.ts'
import { aGuestWith, newSite, until, type Site } from './support/site.ts'

let site: Site
let bundle: Bundle
beforeEach(async () => {
  site = newSite()
  bundle = await newBundle()
})
afterEach(() => site.close())

const MINORS = ['1.12', '1.13', '1.14'] as const

test('a version of no edition is known as such, and 1.13 stands in where one is needed', () => {
  expect(MINORS.map((minor) => findEdition(`v${minor}.4`)?.minor)).toEqual(MINORS)
  expect(findEdition('v1.99.0')).toBeUndefined()
  expect(editionOf('v1.99.0').minor).toBe('1.13')
})

describe('a node in maintenance mode', () => {
  const boot = async (version: string) => {
    const guest = aGuestWith(1, version)
    site.guests.powerOn(guest)
    await inMaintenance(site, guest)
    const wish = { hostname: guest.name, address: guest.address, mac: guest.mac }
    return { guest, clients: insecure(site.lan, guest.address), config: machineConfig(bundle, wish) }
  }

  test('of 1.12 answers little: no version, and only some modes', async () => {
    const { clients, config, guest } = await boot('v1.12.9')
    const { machine } = clients
    expect(await refusalOf(machine.version({}))).toBe('Unimplemented: API is not implemented in maintenance mode')
    expect(await refusalOf(machine.serviceList({}))).toMatch(/^(Unimplemented|PermissionDenied)/)
    expect(await refusalOf(apply(clients, config, Mode.NO_REBOOT))).toBe(
      "Unimplemented: apply configuration --mode='no-reboot' is not supported in maintenance mode",
    )
    expect(await refusalOf(apply(clients, config, Mode.STAGED))).toMatch(/^Unimplemented: .*'staged'/)
    const [dry] = (await apply(clients, config, Mode.AUTO, true)).messages
    expect(dry?.modeDetails).toContain('does not have a config yet')
    expect(nodeOf(site, guest).disk?.config).toBeUndefined()
    await apply(clients, config, Mode.REBOOT)
    expect(nodeOf(site, guest).disk?.config).toBe(config)
  })

  test.each(['v1.13.9', 'v1.14.0'])('of %s answers as a reader may ask, and takes every mode', async (version) => {
    const { clients, config, guest } = await boot(version)
    const [answer] = (await clients.machine.version({})).messages
    expect(answer?.version?.tag).toBe(version)
    expect(await refusalOf(clients.machine.metaWrite({ key: 10 }))).toBe('PermissionDenied: not authorized')
    expect(await refusalOf(apply(clients, 'version: v1alpha1\nfoo: 1\n'))).toMatch(/^InvalidArgument: .*foo/)
    await apply(clients, config, Mode.STAGED)
    expect(nodeOf(site, guest).stage).toBe('maintenance')
    await apply(clients, config, Mode.NO_REBOOT)
    await until(() => nodeOf(site, guest).secured, 'it is configured')
  })
})

describe('a configured node', () => {
  const configured = async (version: string) => {
    const guest = aGuestWith(1, version)
    await configure(site, bundle, guest, { vip: guest.address })
    const wish = { hostname: guest.name, address: guest.address, mac: guest.mac, vip: guest.address }
    const documents = machineDocuments(bundle, wish)
    const bend = (change: (machine: Record<string, unknown>) => void) => {
      const copy = structuredClone(documents)
      change((copy[0]?.['machine'] ?? {}) as Record<string, unknown>)
      return toYaml(copy)
    }
    return {
      node: nodeOf(site, guest),
      clients: await secure(site.lan, guest.address, bundle),
      live: bend((machine) => (machine['nodeLabels'] = { zone: 'a' })),
      stuck: bend((machine) => (machine['udev'] = { rules: ['SUBSYSTEM=="usb"'] })),
    }
  }

  test.each(['v1.12.9', 'v1.13.9'])(
    'of %s reboots for what it cannot take over, or refuses with the diff',
    async (version) => {
      const { node, clients, live, stuck } = await configured(version)
      const refused = await refusalOf(apply(clients, stuck, Mode.NO_REBOOT))
      expect(refused).toMatch(/^InvalidArgument: this config change can't be applied in immediate mode\ndiff:\n--- a/)
      expect(refused).toContain('+        rules:')
      expect((await apply(clients, live)).messages[0]).toMatchObject({ mode: Mode.NO_REBOOT })
      const { bootId } = node
      const [answer] = (await apply(clients, stuck)).messages
      expect(answer).toMatchObject({ mode: Mode.REBOOT })
      await until(() => node.bootId !== bootId && node.secured, 'it is back')
      expect(node.config?.source).toBe(stuck)
    },
  )

  test('of 1.14 never reboots for a configuration, and knows no mode REBOOT', async () => {
    const { node, clients, stuck } = await configured('v1.14.0')
    const { bootId } = node
    expect(await refusalOf(apply(clients, stuck, Mode.REBOOT))).toMatch(
      /^Unimplemented: the REBOOT mode is not supported/,
    )
    expect((await apply(clients, stuck)).messages[0]).toMatchObject({ mode: Mode.NO_REBOOT })
    expect(node.config?.source).toBe(stuck)
    expect(node.bootId).toBe(bootId)
  })

  test('keeps a staged configuration for the next boot', async () => {
    const { node, clients, live } = await configured('v1.13.9')
    await apply(clients, live, Mode.STAGED)
    expect(node.config?.source).not.toBe(live)
    const { bootId } = node
    await clients.machine.reboot({})
    await until(() => node.bootId !== bootId && node.secured, 'it is back')
    expect(node.config?.source).toBe(live)
  })

  test('goes back from a tried configuration after its time, by the lab’s clock, unless another came', async () => {
    const { node, clients, live } = await configured('v1.13.9')
    const before = node.config?.source
    const tried = await clients.machine.applyConfiguration({
      data: Buffer.from(live),
      mode: Mode.TRY,
      tryModeTimeout: { seconds: 30n },
    })
    expect(tried.messages[0]?.modeDetails).toContain('automatically reverted back in 30s')
    expect(node.config?.source).toBe(live)
    expect(node.disk?.config).toBe(before)
    await until(() => node.config?.source === before, 'it went back')
    await apply(clients, live, Mode.TRY)
    await apply(clients, live)
    await site.world.time.pass(120_000)
    expect(node.config?.source).toBe(live)
  })
})

const UNKNOWN_KIND = 'failed to parse config: "DiscoveryServiceConfig" "v1alpha1": not registered'

describe('configurations that the real generator made', () => {
  test('are read by their own minor and by later ones; documents of 1.14 by 1.14 only', (context) => {
    for (const minor of MINORS)
      for (const on of MINORS)
        for (const type of ['controlplane', 'worker']) {
          const source = readVector(`talos/generate/v${minor}/base-${type}.yaml`, context)
          const read = readConfig(source, editionOf(`v${on}.0`), Date.UTC(2026, 0))
          const tooNew = minor === '1.14' && on !== '1.14'
          const seen = read.ok ? read.value.config.type : read.error.slice(0, UNKNOWN_KIND.length)
          expect(`${minor} on ${on}: ${seen}`).toBe(`${minor} on ${on}: ${tooNew ? UNKNOWN_KIND : type}`)
        }
  })
})

describe('documents of 1.14', () => {
  const wish = { hostname: 'cp-1', address: '192.168.1.51', mac: 'bc:24:11:00:00:01' }
  const read = (documents: readonly Record<string, unknown>[]) => {
    const result = readConfig(toYaml(documents), editionOf('v1.14.0'), Date.now())
    return result.ok ? 'accepted' : result.error
  }

  test('cannot say again what v1alpha1 says', () => {
    const documents = [
      ...machineDocuments(bundle, wish),
      { apiVersion: 'v1alpha1', kind: 'KubeClusterConfig', clusterName: 'x', endpoint: 'https://192.168.1.51:6443' },
    ]
    expect(read(documents)).toContain('KubeClusterConfig: cluster.clusterName is already set in v1alpha1 config')
  })

  test('of control planes are refused on a worker', () => {
    const documents = [
      ...machineDocuments(bundle, { ...wish, type: 'worker' }),
      { apiVersion: 'v1alpha1', kind: 'KubeAuditPolicyConfig', configuration: {} },
    ]
    expect(read(documents)).toContain('KubeAuditPolicyConfig: is only allowed on control plane machines')
  })
})
