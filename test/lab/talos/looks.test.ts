import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ContainerDriver, ContainerdNamespace } from '#lab/talos/proto/common_pb.js'
import { asEncoded, diffText } from '#lab/talos/config/diff.ts'
import { newBundle, type Bundle } from './support/bundle.ts'
import { all, refusalOf, secure, textOf, type Clients } from './support/client.ts'
import { bringUp, nodeOf } from './support/cluster.ts'
import { aGuest, newSite, until } from './support/site.ts'

/** What one only looks at: statistics, files, images, time, health. It follows from what the node is and does. */
const site = newSite()
const guest = aGuest(1)
let bundle: Bundle
let clients: Clients
beforeAll(async () => {
  bundle = await newBundle()
  await bringUp(site, bundle, [guest])
  clients = await secure(site.lan, guest.address, bundle)
})
afterAll(() => site.close())

describe('statistics', () => {
  test('are those of the hardware', async () => {
    const { machine } = clients
    expect((await machine.memory({})).messages[0]?.meminfo?.memtotal).toBe(8192n * 1024n)
    expect((await machine.cPUInfo({})).messages[0]?.cpuInfo).toHaveLength(4)
    expect((await machine.systemStat({})).messages[0]?.cpu).toHaveLength(4)
    expect((await machine.networkDeviceStats({})).messages[0]?.devices.map((one) => one.name)).toEqual(['eth0'])
    const mounts = (await machine.mounts({})).messages[0]?.stats ?? []
    const ephemeral = mounts.find((mount) => mount.mountedOn === '/var')
    expect(Number(ephemeral?.size ?? 0)).toBeGreaterThan(29 * 1024 ** 3)
  })

  test('tell the boot by its time', async () => {
    const { bootedAt } = nodeOf(site, guest)
    const [stat] = (await clients.machine.systemStat({})).messages
    expect(stat?.bootTime).toBe(BigInt(Math.floor(bootedAt / 1000)))
  })

  test('of containers are those of services, or of pods', async () => {
    const { machine } = clients
    const system = (await machine.containers({ namespace: 'system' })).messages[0]?.containers ?? []
    expect(system.map((one) => one.id)).toEqual(['apid', 'etcd', 'kubelet', 'trustd'])
    const cri = { namespace: 'k8s.io', driver: ContainerDriver.CRI }
    const pods = (await machine.stats(cri)).messages[0]?.stats ?? []
    expect(pods.some((one) => one.podId === 'kube-system/kube-apiserver-cp-1')).toBe(true)
    expect(await refusalOf(machine.containers({ namespace: '' }))).toMatch(/^InvalidArgument/)
    expect(await refusalOf(machine.restart({ namespace: 'system', id: 'nobody' }))).toContain('not found')
  })
})

describe('files', () => {
  test('are read whole; directories and what is not there are not', async () => {
    const { machine } = clients
    expect(await textOf(machine.read({ path: '/proc/sys/kernel/random/boot_id' }))).toBe(
      `${nodeOf(site, guest).bootId}\n`,
    )
    expect(await refusalOf(all(machine.read({ path: '/etc' })))).toContain('path must be a regular file')
    expect(await refusalOf(all(machine.read({ path: 'etc/hosts' })))).toContain('path is not absolute')
    expect(await refusalOf(all(machine.read({ path: '/nothing' })))).toContain('no such file')
  })

  test('are listed one level deep, or as deep as asked', async () => {
    const { machine } = clients
    const names = async (request: Parameters<typeof machine.list>[0]) =>
      (await all(machine.list(request))).map((file) => file.relativeName)
    expect(await names({ root: '/etc' })).toEqual(expect.arrayContaining(['.', 'hosts', 'kubernetes']))
    expect(await names({ root: '/etc' })).not.toContain('kubernetes/pki')
    expect(await names({ root: '/etc', recurse: true, recursionDepth: 2 })).toContain('kubernetes/pki')
    expect(await names({ root: '/etc', recurse: true })).toContain('kubernetes/pki/ca.crt')
    expect(await refusalOf(all(machine.list({ root: '/nothing' })))).toContain('no such file')
  })

  test('are copied as a tar', async () => {
    const bytes = (await all(clients.machine.copy({ rootPath: '/etc' }))).map((chunk) => chunk.bytes)
    const tar = gunzipSync(Buffer.concat(bytes))
    expect(tar.length % 512).toBe(0)
    expect(tar.subarray(0, 20).toString()).toContain('etc/')
  })
})

test('images are those that run and those that were pulled, by namespace', async () => {
  const { image, machine } = clients
  const cri = { namespace: ContainerdNamespace.NS_CRI }
  const names = async () => (await all(image.list({ containerd: cri }))).map((one) => one.name)
  expect(await names()).toContain('registry.k8s.io/kube-apiserver:v1.36.3')
  await all(image.pull({ containerd: cri, imageRef: 'docker.io/library/nginx:1.29' }))
  expect(await names()).toContain('docker.io/library/nginx:1.29')
  await image.remove({ containerd: cri, imageRef: 'docker.io/library/nginx:1.29' })
  expect(await names()).not.toContain('docker.io/library/nginx:1.29')
  await machine.imagePull({ ...cri, reference: 'docker.io/library/redis:8' })
  expect((await all(machine.imageList(cri))).map((one) => one.name)).toContain('docker.io/library/redis:8')
  expect(await refusalOf(all(machine.imageList({})))).toMatch(/^InvalidArgument: invalid namespace/)
})

test('META keeps what is written to it, also over a boot', async () => {
  const { machine, state } = clients
  const key = { namespace: 'runtime', type: 'MetaKeys.runtime.talos.dev', id: '0x0a' }
  await machine.metaWrite({ key: 10, value: Buffer.from('hello') })
  expect((await state.get(key)).resource?.spec?.yamlSpec).toContain('hello')
  await machine.metaDelete({ key: 10 })
  expect(await refusalOf(state.get(key))).toMatch(/^NotFound/)
  expect(await refusalOf(machine.metaDelete({ key: 10 }))).toBe('NotFound: meta key not found')
  expect(await refusalOf(machine.metaWrite({ key: 300 }))).toBe('InvalidArgument: key must be a uint8')
})

test('a client certificate that the node makes is good for the roles it was made for', async () => {
  const { machine } = clients
  const made = await machine.generateClientConfiguration({ roles: ['os:reader'], crtTtl: { seconds: 3600n } })
  expect(Buffer.from(made.messages[0]?.talosconfig ?? []).toString()).toContain('context: home')
  expect(Buffer.from(made.messages[0]?.key ?? []).toString()).toContain('ED25519 PRIVATE KEY')
  expect(await refusalOf(machine.generateClientConfiguration({ roles: [] }))).toBe(
    'InvalidArgument: crt_ttl should be positive',
  )
})

test('only the kubelet is started and restarted, and no service is stopped', async () => {
  const { machine } = clients
  const { services } = nodeOf(site, guest)
  services.set('kubelet', 'Finished', 'Service finished')
  await machine.serviceStart({ id: 'kubelet' })
  expect(services.healthy('kubelet')).toBe(true)
  expect((await machine.serviceRestart({ id: 'kubelet' })).messages[0]?.resp).toContain('restarted')
  expect((await machine.serviceStart({ id: 'etcd' })).messages[0]?.resp).toContain('started')
  for (const id of ['etcd', 'kubelet', 'machined'])
    expect(await refusalOf(machine.serviceStop({ id }))).toContain("doesn't support stop operation via API")
  expect(await refusalOf(machine.serviceRestart({ id: 'etcd' }))).toContain("doesn't support restart operation via API")
  expect(await refusalOf(machine.serviceStart({ id: 'nobody' }))).toContain('not defined')
})

test('the containers of pods have logs, which tell of their start', async () => {
  await until(() => nodeOf(site, guest).nodeReady, 'the node and its pods are there')
  const logs = (id: string, tailLines = -1) =>
    all(clients.machine.logs({ namespace: 'k8s.io', id, tailLines })).then((said) =>
      said.map(({ bytes }) => Buffer.from(bytes).toString()),
    )
  const apiServer = 'kube-system/kube-apiserver-cp-1:kube-apiserver'
  expect((await logs(apiServer)).join('')).toMatch(/ stderr F I\d{4} .*Version: v1\.36\.3\n.*:6443\n$/)
  expect(await logs(apiServer, 1)).toHaveLength(1)
  expect(await refusalOf(logs('kube-system/nothing'))).toBe('Unknown: container "kube-system/nothing" not found')
})

test('the time is asked of the configured server, or of the one named', async () => {
  expect((await clients.time.time({})).messages[0]?.server).toBe('time.cloudflare.com')
  expect((await clients.time.timeCheck({ server: 'pool.ntp.org' })).messages[0]?.server).toBe('pool.ntp.org')
  expect(await refusalOf(clients.time.timeCheck({}))).toMatch(/^InvalidArgument/)
})

test('disks in use are not wiped', async () => {
  const wipe = (device: string) => refusalOf(clients.storage.blockDeviceWipe({ devices: [{ device }] }))
  expect(await wipe('sda')).toMatch(/^FailedPrecondition/)
  expect(await wipe('sda4')).toMatch(/in use by volume/)
  expect(await wipe('sdz')).toMatch(/^NotFound/)
})

describe('health', () => {
  test('goes through Talos’ list in its order and tells each line', async () => {
    await until(() => nodeOf(site, guest).nodeReady, 'ready')
    const said = (await all(clients.cluster.healthCheck({}))).map((one) => one.message)
    const passed = said.filter((line) => line.endsWith(': OK')).map((line) => line.slice('waiting for '.length, -4))
    expect(said[0]).toBe('discovered nodes: ["192.168.1.51"]')
    expect(passed).toHaveLength(16)
    expect(passed.slice(0, 3)).toEqual([
      'etcd to be healthy',
      'etcd members to be consistent across nodes',
      'etcd members to be control plane nodes',
    ])
    expect(passed.at(-1)).toBe('all k8s nodes to report schedulable')
  })

  test('ends with what it still waits for', async () => {
    nodeOf(site, guest).services.set('kubelet', 'Failed', 'exited with 1')
    const wait = { waitTimeout: { seconds: 0n, nanos: 1_000_000 } }
    expect(await refusalOf(all(clients.cluster.healthCheck(wait)))).toMatch(
      /^DeadlineExceeded: kubelet to be healthy: service "kubelet" is not healthy on: 192\.168\.1\.51/,
    )
    await clients.machine.serviceStart({ id: 'kubelet' })
  })
})

test('a configuration is compared as Talos writes it, so that only its meaning differs', () => {
  expect(diffText(asEncoded('a:\n- 1 # one\n'), asEncoded('a:\n    - 1\n'))).toBe('')
  expect(diffText(asEncoded('a: [1]\n---\nb: 2\n'), asEncoded('a: [1]\n---\nb: 3\n'))).toContain('-b: 2\n+b: 3\n')
})

test('a difference is told as unified diffs tell it, and none as nothing', () => {
  expect(diffText('a\nb\n', 'a\nb\n')).toBe('')
  expect(diffText('a\nb\nc\n', 'a\nx\nc\n')).toBe('--- a\n+++ b\n@@ -1,4 +1,4 @@\n a\n-b\n+x\n c\n \n')
  const long = Array.from({ length: 20 }, (_, line) => String(line))
  const changed = long.with(1, 'one').with(18, 'eighteen')
  expect(diffText(long.join('\n'), changed.join('\n')).match(/^@@/gm)).toHaveLength(2)
})
