import { editionOf } from '#lab/talos/edition.ts'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { Code, ConnectError } from '@connectrpc/connect'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '#lab/talos/config/load.ts'
import { readConfig } from '#lab/talos/config/read-config.ts'
import { readVector } from '#test/support/vectors.ts'
import { authority, base64, machineDocuments, newBundle, toYaml, type Bundle } from './support/bundle.ts'
import { apply, insecure } from './support/client.ts'
import { inMaintenance, nodeOf } from './support/cluster.ts'
import { aGuest, newSite, type Site } from './support/site.ts'

const guest = aGuest(1)
const wish = { hostname: guest.name, address: guest.address, mac: guest.mac, vip: '192.168.1.50' }

let bundle: Bundle
beforeAll(async () => {
  bundle = await newBundle()
})

/** What Talos says of a configuration after one field of a good one was bent. */
function refusal(
  bend: (documents: ReturnType<typeof machineDocuments>) => void,
  type: 'controlplane' | 'worker' = 'controlplane',
): string {
  const documents = machineDocuments(bundle, { ...wish, type })
  bend(documents)
  const source = toYaml(documents)
  const read = readConfig(source, editionOf('v1.13.0'), Date.now())
  return read.ok ? 'accepted' : read.error
}

type Bent = ReturnType<typeof machineDocuments>
/** Sets a value by dotted path in the document of a kind (or in v1alpha1). */
const set = (kind: string, path: string, value: unknown) => (documents: Bent) => {
  let at = documents.find((one) => (one['kind'] ?? 'v1alpha1') === kind) ?? {}
  const keys = path.split('.')
  for (const key of keys.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>
  at[keys.at(-1) ?? ''] = value
}

describe('what a node refuses in a configuration, naming the field', () => {
  test('a good one is accepted, for both types', () => {
    expect(refusal(() => undefined)).toBe('accepted')
    expect(refusal(() => undefined, 'worker')).toBe('accepted')
  })

  test.each([
    ['v1alpha1', 'machine.kubelt', {}, 'unknown keys found during decoding: machine.kubelt'],
    ['v1alpha1', 'cluster.apiServer.imag', 'x', 'unknown keys found during decoding: cluster.apiServer.imag'],
    ['LinkConfig', 'adresses', [], 'LinkConfig/lan: unknown keys found during decoding: adresses'],
    ['v1alpha1', 'debug', 'yes', 'debug: cannot unmarshal !!str into bool'],
    ['v1alpha1', 'machine.type', 'master', 'machine.type:'],
    ['v1alpha1', 'machine.token', 'short', 'machine.token:'],
    ['v1alpha1', 'cluster.secret', 'c2hvcnQ=', 'cluster.secret: must be 32 bytes'],
    ['v1alpha1', 'cluster.controlPlane.endpoint', 'base:6443', 'cluster.controlPlane.endpoint:'],
    ['v1alpha1', 'cluster.aggregatorCA', { crt: '', key: '' }, 'cluster.aggregatorCA:'],
    ['v1alpha1', 'cluster.serviceAccount.key', 'bm8=', 'cluster.serviceAccount.key:'],
    ['v1alpha1', 'cluster.aescbcEncryptionSecret', 'x', 'exactly one of'],
    ['v1alpha1', 'machine.kubelet.image', 'ghcr.io/siderolabs/kubelet', 'machine.kubelet.image:'],
    ['v1alpha1', 'machine.nodeTaints', { a: 'b:Never' }, 'machine.nodeTaints.a:'],
    ['HostnameConfig', 'auto', 'stable', 'HostnameConfig.hostname: static hostname cannot be set'],
    ['HostnameConfig', 'hostname', 'a_b', 'HostnameConfig.hostname:'],
    ['LinkConfig', 'addresses', [{ address: '192.168.1.51' }], 'LinkConfig/lan.addresses:'],
    ['LinkConfig', 'routes', [{}], 'LinkConfig/lan.routes:'],
    ['LinkAliasConfig', 'selector.match', 'true', 'LinkAliasConfig/lan.selector.match:'],
    ['Layer2VIPConfig', 'link', '', 'Layer2VIPConfig/192.168.1.50.link:'],
    ['ResolverConfig', 'nameservers', [{ address: 'dns' }], 'ResolverConfig.nameservers:'],
    ['TimeSyncConfig', 'kind', 'TimeConfig', 'not registered'],
  ] as const)('%s %s', (kind, path, value, said) => {
    expect(refusal(set(kind, path, value))).toContain(said)
  })

  test('a VIP on a worker', () => {
    const said = refusal(
      (documents) =>
        documents.push({ apiVersion: 'v1alpha1', kind: 'Layer2VIPConfig', name: '192.168.1.50', link: 'lan' }),
      'worker',
    )
    expect(said).toContain('not allowed on non-controlplane')
  })

  test.each(['machine.ca.key', 'cluster.ca.key', 'cluster.secretboxEncryptionSecret', 'cluster.serviceAccount.key'])(
    '%s on a worker',
    (path) => {
      expect(refusal(set('v1alpha1', path, 'x'), 'worker')).toContain(`${path}: is not allowed on a worker`)
    },
  )

  test('a key that belongs to another certificate', async () => {
    const other = await authority('talos', 'ed25519')
    const key = base64(other.key.export({ format: 'pem', type: 'pkcs8' }).toString())
    expect(refusal(set('v1alpha1', 'machine.ca.key', key))).toContain('machine.ca: key does not belong to crt')
  })

  test('an authority that may not sign', async () => {
    const weak = await authority('talos', 'ed25519', x509.KeyUsageFlags.digitalSignature)
    const said = refusal(set('v1alpha1', 'machine.ca.crt', base64(weak.certPem)))
    expect(said).toContain('machine.ca.crt: lacks the key usage keyCertSign')
  })

  test('two documents of one kind and name', () => {
    expect(refusal((documents) => documents.push({ ...documents[3] }))).toContain('duplicate document: LinkConfig/lan')
  })

  test('configurations that the real generator made for 1.13 are accepted', (context) => {
    for (const name of ['base-controlplane', 'base-worker']) {
      const source = readVector(`talos/generate/v1.13/${name}.yaml`, context)
      expect(readConfig(source, editionOf('v1.13.0'), Date.UTC(2026, 0)).ok).toBe(true)
    }
    // The overrides join kernel arguments with a UKI command line: that loads, and Talos' validation refuses it.
    for (const name of ['overrides-controlplane', 'overrides-worker'])
      expect(loadConfig(readVector(`talos/generate/v1.13/${name}.yaml`, context)).ok).toBe(true)
    process.stdout.write('vectors: four generated 1.13 configurations were read in place\n')
  })
})

describe('maintenance mode', () => {
  let site: Site
  beforeAll(async () => {
    site = newSite()
    site.guests.powerOn(guest)
    await inMaintenance(site, guest)
  })
  afterAll(() => site.close())

  const codeOf = (call: Promise<unknown>) =>
    call.then(
      () => 'answered',
      (error: unknown) => (error instanceof ConnectError ? Code[error.code] : String(error)),
    )

  test('tells who it is to anybody: version, UUID, disks, links, addresses, stage', async () => {
    const { machine, state, storage } = insecure(site.lan, guest.address)
    expect((await machine.version({})).messages[0]?.platform?.name).toBe('nocloud')
    const read = async (namespace: string, type: string, id: string) =>
      (await state.get({ namespace, type, id })).resource?.spec?.yamlSpec ?? ''
    expect(await read('hardware', 'SystemInformations.hardware.talos.dev', 'systeminformation')).toContain(guest.uuid)
    expect(await read('runtime', 'MachineStatuses.runtime.talos.dev', 'machine')).toContain('stage: maintenance')
    expect(await read('network', 'NodeAddresses.net.talos.dev', 'current')).toContain(`${guest.address}/24`)
    expect(await read('network', 'LinkStatuses.net.talos.dev', 'eth0')).toContain(`permanentAddr: ${guest.mac}`)
    expect(await read('runtime', 'Disks.block.talos.dev', 'sda')).toContain('dev_path: /dev/sda')
    expect((await storage.disks({})).messages[0]?.disks[0]?.systemDisk).toBe(true)
  })

  test('lets nobody do more than read and configure', async () => {
    const { machine, state } = insecure(site.lan, guest.address)
    expect(await codeOf(machine.reboot({}))).toBe('PermissionDenied')
    expect(await codeOf(machine.reset({}))).toBe('PermissionDenied')
    expect(await codeOf(machine.bootstrap({}))).toBe('PermissionDenied')
    expect(
      await codeOf(state.get({ namespace: 'config', type: 'MachineConfigs.config.talos.dev', id: 'v1alpha1' })),
    ).toBe('PermissionDenied')
    expect(await codeOf(state.get({ namespace: 'x', type: 'Unknown.talos.dev', id: 'x' }))).toBe('PermissionDenied')
    expect(await codeOf(state.get({ namespace: 'network', type: 'LinkStatuses.net.talos.dev', id: 'eth7' }))).toBe(
      'NotFound',
    )
  })

  test('a refused configuration and a dry run leave no trace', async () => {
    const clients = insecure(site.lan, guest.address)
    const bad = machineDocuments(bundle, wish)
    set('v1alpha1', 'machine.token', 'short')(bad)
    const said = await apply(clients, toYaml(bad)).then(
      () => undefined,
      (error: unknown) => ConnectError.from(error),
    )
    expect(said).toMatchObject({ code: Code.InvalidArgument })
    expect(said?.message).toContain('machine.token')
    const dry = await apply(clients, toYaml(machineDocuments(bundle, wish)), 1, true)
    expect(dry.messages[0]?.modeDetails).toContain('Dry run')
    expect(nodeOf(site, guest)).toMatchObject({ stage: 'maintenance', disk: { config: undefined } })
  })
})
