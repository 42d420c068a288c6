import { afterAll, beforeAll, expect, test } from 'vitest'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { aGuest, newSite, until, type Site } from '#test/lab/talos/support/site.ts'
import { createDialer, type Dialer } from '#agent/dialer.ts'
import { kubernetesClient } from '#agent/kubernetes/client.ts'
import { talosNode } from '#agent/talos/grpc-node.ts'
import { checkClusterHealth } from '#agent/talos/health.ts'
import type { TalosNode } from '#agent/talos/node.ts'
import { probeNode } from '#agent/talos/probe.ts'
import type { ClientIdentity } from '#agent/vault/client-identity.ts'
import { mintKubernetesClient, mintTalosClient } from '#agent/vault/mint.ts'
import type { Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { sayProblem, type Problem } from '#core/model/problem.ts'
import { canonicalConfig, renderMachineConfig } from '#core/talos/machine-config.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { startSocksServer, type SocksServer } from '#lab/lan/socks-server.ts'

/**
 * The whole way of a cluster with nothing but this project's clients on one side and the lab's nodes, which share no
 * code with them, on the other: through the lab's SOCKS entry, as the agent goes.
 */
const RATE = 500
const HOUR_MS = 3_600_000
const VIP = '192.168.1.50'
const VERSION = 'v1.36.3'
const guests = [1, 2, 3].map((number) => aGuest(number))

let site: Site
let socks: SocksServer
let dialer: Dialer
let bundle: SecretsBundle
let credentials: ClientIdentity
let nodes: TalosNode[]

beforeAll(async () => {
  site = newSite(RATE)
  socks = await startSocksServer(site.lan, RATE)
  dialer = createDialer(new URL(socks.url))
  bundle = await aBundle()
  credentials = await mintTalosClient(bundle, ['os:admin'], HOUR_MS, Date.now())
  nodes = guests.map(({ address }) => talosNode({ dialer, address, credentials }))
})
afterAll(async () => {
  for (const node of nodes) node.close()
  await socks.close()
  await site.close()
})

const must = <T>(result: Result<T, Problem>): T => {
  if (!result.ok) throw new Error(sayProblem(result.error))
  return result.value
}

test('three machines become a healthy cluster, and shrink to two', { timeout: 30_000 }, async () => {
  const presence = (address: string) => probeNode({ dialer, address, credentials })
  expect(await presence(guests[0]!.address)).toMatchObject({ is: 'absent' })

  for (const guest of guests) site.guests.powerOn(guest)
  for (const { address, uuid, mac, name } of guests) {
    await until(async () => (await presence(address)).is === 'maintenance', `${name} in maintenance`)
    expect(await presence(address)).toEqual({ is: 'maintenance', uuid })

    const maintenance = talosNode({ dialer, address, credentials: 'maintenance' })
    expect(must(await maintenance.readIdentity())).toEqual({ uuid })
    const nics = [{ mac, addresses: [`${address}/24`], gateway: '192.168.1.1' }]
    const config = aConfigInput(bundle, {
      cluster: { schedulableControlPlanes: true },
      machine: { hostname: name, nics },
    })
    must(await maintenance.applyConfiguration(new Secret(renderMachineConfig(config)), 'auto'))
    maintenance.close()
  }
  for (const { address, uuid, name } of guests) {
    await until(async () => (await presence(address)).is === 'configured', `${name} configured`)
    expect(await presence(address)).toEqual({ is: 'configured', uuid })
  }

  const [first, , third] = nodes as [TalosNode, TalosNode, TalosNode]
  // Nothing may be bootstrapped by asking about it.
  expect(await first.etcdMembers()).toMatchObject({ ok: false, error: { retry: 'later' } })
  await until(async () => (await first.bootstrap()).ok, 'bootstrap')
  await until(async () => (await first.etcdMembers()).ok, 'etcd')
  expect(must(await first.bootstrap())).toBe('already-bootstrapped')

  const identity = await mintKubernetesClient(
    bundle,
    { user: 'lanline', groups: ['system:masters'] },
    HOUR_MS,
    Date.now(),
  )
  const kubernetes = kubernetesClient({ dialer, server: `https://${VIP}:6443`, identity })
  const controlPlanes = guests.map(({ name, address }, index) => ({ name, address, node: nodes[index]! }))
  const cluster = { controlPlanes, workers: [], kubernetes, kubernetesVersion: VERSION }
  let last = ''
  await until(async () => {
    const health = await checkClusterHealth(cluster)
    last = health.ok ? '' : sayProblem(health.error)
    return health.ok
  }, 'health').catch((cause: unknown) => {
    throw new Error(last, { cause })
  })

  const active = must(await first.activeConfig()).reveal()
  const nics = [{ mac: guests[0]!.mac, addresses: [`${guests[0]!.address}/24`], gateway: '192.168.1.1' }]
  const wanted = renderMachineConfig(
    aConfigInput(bundle, { cluster: { schedulableControlPlanes: true }, machine: { hostname: guests[0]!.name, nics } }),
  )
  expect(canonicalConfig(active)).toEqual(canonicalConfig(wanted))

  must(await third.forfeitLeadership())
  must(await third.leaveEtcd())
  expect(must(await first.etcdMembers()).map((member) => member.hostname)).not.toContain(guests[2]!.name)
  must(await third.reset({ graceful: true, reboot: false }))
  expect(must(await kubernetes.deleteNode(guests[2]!.name))).toBe('deleted')
  expect(must(await kubernetes.listNodes()).map((node) => node.name)).toEqual([guests[0]!.name, guests[1]!.name])
  await kubernetes.close()
  expect(site.world.violations.all()).toEqual([])
})
