import { aHardware, aNicShape } from '#test/support/hardware.ts'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ok } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { hashOf } from '#core/base/canonical-json.ts'
import type { OperationInput, OperationKind, Peer } from '#core/model/operation.ts'
import { schematicId, schematicOf } from '#core/talos/schematic.ts'
import { createClock } from '#agent/clock.ts'
import { createDialer } from '#agent/dialer.ts'
import { createHandlerDeps } from '#agent/operations/handler-deps.ts'
import { createHandlers, type Handlers } from '#agent/operations/index.ts'
import { createProxmoxProvider } from '#agent/providers/proxmox/provider.ts'
import { openVault } from '#agent/vault/vault.ts'
import { startLab, type Lab } from '#lab/lab.ts'
import { EVERY_TALOS_SETTING } from '#test/support/cluster-spec.ts'
import { handlerContext } from '#test/support/step-journal.ts'

/**
 * Every handler once, in the order in which a plan asks for them, against a whole simulated site: real HTTP, real TLS,
 * real gRPC through the LAN's SOCKS door. It shows that the handlers fit together; each has tests of its own.
 */
const RATE = 100
const CLUSTER = { clusterUid: '0000000000000000000a', clusterName: 'home' }
const VERSIONS = { talosVersion: 'v1.13.9', kubernetesVersion: 'v1.36.3' }
const SCHEMATIC = schematicId(schematicOf([]))
const VIP = '192.168.1.50'
/** Settings and patches as a spec may have them: the nodes of the lab take only what Talos takes. */
const SETTINGS = {
  talos: { ...EVERY_TALOS_SETTING, discovery: { enabled: true } },
  kubernetes: { dnsDomain: 'home.arpa', podSubnets: ['10.32.0.0/14'], serviceSubnets: ['10.40.0.0/16'] },
  node: { nodeLabels: { 'home.arpa/rack': 'one' } },
  patches: {
    cluster: [{ machine: { sysctls: { 'vm.swappiness': '1' } } }],
    machine: [
      { machine: { sysctls: { 'vm.swappiness': '2' } } },
      { apiVersion: 'v1alpha1', kind: 'WatchdogTimerConfig', device: '/dev/watchdog0', timeout: '2m0s' },
    ],
  },
}
const clock = createClock(RATE)

let lab: Lab
let handlers: Handlers
let closeProvider: () => Promise<void>

beforeAll(async () => {
  lab = await startLab({ rate: RATE })
  const dialer = createDialer(new URL(lab.socksUrl))
  const provider = createProxmoxProvider({
    endpoints: [lab.site.url],
    tokenId: lab.site.tokenId,
    tokenSecret: new Secret(lab.site.tokenSecret),
    caPem: lab.site.caPem,
    pool: lab.site.pool,
    clock,
    dialer,
  })
  closeProvider = () => provider.close()
  const identity = await generateIdentity()
  const recipients = [await identityToRecipient(identity)]
  const stored = new Map<string, string>()
  const vault = openVault({
    store: {
      get: (uid, version) => stored.get(uid + version),
      put: (uid, version, sealed) => stored.set(uid + version, stored.get(uid + version) ?? sealed).get(uid + version)!,
    },
    identity: new Secret(identity),
    recipients,
    now: () => Date.now(),
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  })
  handlers = createHandlers(
    createHandlerDeps({
      provider,
      dialer,
      vault,
      recipients,
      recall: () => Promise.resolve(ok(undefined)),
      configured: { find: () => undefined },
      imageFactoryUrl: lab.factoryUrl,
      clock,
    }),
  )
}, 30_000)
afterAll(async () => {
  await closeProvider()
  await lab.close()
})

const aMachine = (number: number, name: string): Peer & { vmid: number; host: string; mac: string } => ({
  machineId: `6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f000${number}`,
  name,
  address: `192.168.1.5${number}`,
  vmid: 2000 + number,
  host: 'prod-srv-01',
  mac: `02:54:41:00:00:0${number}`,
})
type Machine = ReturnType<typeof aMachine>
const controlPlanes = [aMachine(1, 'home-cp-1'), aMachine(2, 'home-cp-2'), aMachine(3, 'home-cp-3')]
const worker = aMachine(4, 'home-w-1')
const peer = ({ machineId, name, address }: Machine): Peer => ({ machineId, name, address })

/** Runs an operation and insists on its success; what went wrong is the message. */
async function run<K extends OperationKind>(kind: K, input: OperationInput<K>) {
  const handle = handlers[kind]
  const result = await handle(input, handlerContext({ clock }))
  if (!result.ok) throw new Error(`${kind}: ${JSON.stringify(result.error)}`)
  return result.value
}

async function bringUp(machine: Machine, role: 'controlplane' | 'worker') {
  await run('machine.create', {
    ...machine,
    ...CLUSTER,
    talosVersion: VERSIONS.talosVersion,
    schematicId: SCHEMATIC,
    guestAgent: false,
    hardware: aHardware({ nics: [aNicShape({ mac: machine.mac, addressCidr: `${machine.address}/24` })] }),
    boot: { by: 'image', imageStorage: 'local' },
    addressing: 'cloud-init',
    nameservers: ['192.168.1.1'],
  })
  await run('machine.start', machine)
  const intent = {
    ...VERSIONS,
    schematicId: SCHEMATIC,
    clusterName: 'home',
    vip: VIP,
    role,
    schedulable: true,
    hostname: machine.name,
    nics: [{ mac: machine.mac, addressCidr: `${machine.address}/24`, gateway: '192.168.1.1' }],
    networkCidr: '192.168.1.0/24',
    nameservers: ['192.168.1.1'],
    contract: '1.13',
    settings: SETTINGS,
  }
  const intentHash = hashOf(intent)
  return run('machine.configure', { ...peer(machine), ...CLUSTER, secretsVersion: 1, intent, intentHash })
}

const remove = (machine: Machine, peers: readonly Peer[], role: 'controlplane' | 'worker' = 'controlplane') =>
  run('machine.remove', {
    ...machine,
    ...CLUSTER,
    role,
    vip: VIP,
    secretsVersion: 1,
    peers: [...peers],
  })

describe('the life of one cluster', () => {
  test('secrets and image first', async () => {
    const made = await run('secrets.create', { ...CLUSTER, version: 1, talosVersion: VERSIONS.talosVersion })
    expect(made.recipients).toHaveLength(1)
    await run('image.ensure', {
      host: 'prod-srv-01',
      imageStorage: 'local',
      talosVersion: VERSIONS.talosVersion,
      extensions: [],
      schematicId: SCHEMATIC,
    })
  }, 30_000)

  test('machines come up, etcd is bootstrapped once, and the cluster passes its checks', async () => {
    const [first, ...others] = controlPlanes
    const bootstrapped = Promise.all(controlPlanes.map((machine) => bringUp(machine, 'controlplane')))
    const joined = bringUp(worker, 'worker')
    await bootstrapped
    const member = await run('etcd.bootstrap', {
      ...peer(first!),
      ...CLUSTER,
      secretsVersion: 1,
      peers: others.map(peer),
    })
    expect(member.memberId).toMatch(/^[0-9a-f]{16}$/)
    await joined
    const checked = await run('cluster.check', {
      ...CLUSTER,
      secretsVersion: 1,
      vip: VIP,
      kubernetesVersion: VERSIONS.kubernetesVersion,
      controlPlanes: controlPlanes.map(peer),
      workers: [peer(worker)],
    })
    expect(checked.passed).toContain('nodes-ready')
    expect(lab.violations()).toEqual([])
    const configs = lab.nodes().map((node) => node.config?.source ?? '')
    expect(configs).toHaveLength(4)
    for (const config of configs) {
      expect(config).toContain('vm.swappiness: "2"')
      expect(config).toContain('kind: WatchdogTimerConfig')
    }
  }, 60_000)

  test('[P2] the leader and a worker grow in place, and each is what it was before the next may go', async () => {
    const etcd = lab.clusters()[0]!.etcd
    const leading = etcd.members().find((member) => member.id === etcd.leader)?.name
    const leader = controlPlanes.find(({ name }) => name === leading)!
    for (const machine of [leader, worker]) {
      const role = machine === worker ? 'worker' : 'controlplane'
      const bootBefore = lab.nodes().find((node) => node.uuid === machine.machineId)?.bootId
      const grown = await run('machine.resize', {
        ...machine,
        ...CLUSTER,
        guestAgent: false,
        hardware: aHardware({
          memoryMiB: 12_288,
          cpu: 6,
          nics: [aNicShape({ mac: machine.mac, addressCidr: `${machine.address}/24` })],
        }),
        restart: 'always',
        dropTags: [],
        role,
        secretsVersion: 1,
        peers: role === 'worker' ? [] : controlPlanes.filter((other) => other !== machine).map(peer),
      })
      expect(grown).toEqual({ restarted: true })
      const node = lab.nodes().find((each) => each.uuid === machine.machineId)
      expect(node?.hardware).toMatchObject({ memoryMiB: 12_288 })
      expect(node?.bootId).not.toBe(bootBefore)
    }
    await run('cluster.check', {
      ...CLUSTER,
      secretsVersion: 1,
      vip: VIP,
      kubernetesVersion: VERSIONS.kubernetesVersion,
      controlPlanes: controlPlanes.map(peer),
      workers: [peer(worker)],
    })
    expect(lab.violations()).toEqual([])
  }, 60_000)

  test('[P7][O30] a member and a worker leave, nothing of them stays, and a budget is kept all the while', async () => {
    const [first, second, leaving] = controlPlanes
    const staying = [first!, second!].map(peer)
    const { store } = lab.clusters()[0]!.kubernetes
    const selector = { matchLabels: { app: 'web' } }
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } }
    const named = { name: 'web', namespace: 'default' }
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: named }
    store.put('poddisruptionbudgets', { ...budget, spec: { selector, minAvailable: 3 } })
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: named }
    store.put('deployments', { ...deployment, spec: { replicas: 4, selector, template } })
    const running = () =>
      store.list('pods', 'default').filter(({ metadata, ...pod }) => {
        const { phase } = pod['status'] as { phase: string }
        return phase === 'Running' && metadata.deletionTimestamp === undefined
      })
    await vi.waitFor(() => expect(running()).toHaveLength(4), { timeout: 10_000 })
    let fewest = running().length
    const stop = store.watch(store.version, () => (fewest = Math.min(fewest, running().length)))
    expect(await remove(leaving!, staying)).toEqual({ leftovers: [] })
    expect(await remove(worker, staying)).toEqual({ leftovers: [] })
    stop?.()
    expect(fewest).toBe(3)
    const hosts = new Set(running().map((pod) => (pod['spec'] as { nodeName: string }).nodeName))
    expect(hosts).toEqual(new Set(['home-cp-1', 'home-cp-2']))
    const members = lab.clusters().map((cluster) => cluster.etcd.members().map((member) => member.name))
    expect(members).toEqual([expect.arrayContaining(['home-cp-1', 'home-cp-2'])])
    expect(members[0]).toHaveLength(2)
    await run('cluster.check', {
      ...CLUSTER,
      secretsVersion: 1,
      vip: VIP,
      kubernetesVersion: VERSIONS.kubernetesVersion,
      controlPlanes: staying,
      workers: [],
    })
    expect(lab.violations()).toEqual([])
  }, 60_000)

  test('[P7] the whole cluster goes, and what was there before stays', async () => {
    for (const machine of controlPlanes) expect(await remove(machine, [])).toEqual({ leftovers: [] })
    expect(lab.hypervisor.guests().map((guest) => guest.vmid)).toEqual([100])
    expect(lab.violations()).toEqual([])
  }, 60_000)
})
