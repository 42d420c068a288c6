import { gunzipSync } from 'node:zlib'
import { Code, ConnectError } from '@connectrpc/connect'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ApplyConfigurationRequest_Mode as Mode } from '#lab/talos/proto/machine_pb.js'
import { EventType } from '#lab/talos/proto/cosi_pb.js'
import { machineConfig, machineDocuments, newBundle, toYaml, type Bundle } from './support/bundle.ts'
import { apply, insecure, portOf, secure, type Clients } from './support/client.ts'
import { bringUp, nodeOf, VIP } from './support/cluster.ts'
import { aGuest, newSite, until, type Site } from './support/site.ts'

const guest = aGuest(1)
const wish = { hostname: guest.name, address: guest.address, mac: guest.mac, vip: VIP }

let site: Site
let bundle: Bundle
let admin: Clients
beforeAll(async () => {
  site = newSite()
  bundle = await newBundle()
  await bringUp(site, bundle, [guest])
  admin = await secure(site.lan, guest.address, bundle)
})
afterAll(() => site.close())

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    (error: unknown) => Code[ConnectError.from(error).code],
  )

describe('who may call a configured node', () => {
  test('a certificate of another authority gets no answer, and none at all neither', async () => {
    const foreign = await newBundle()
    const stranger = await secure(site.lan, guest.address, bundle, {}, foreign.os)
    expect(await codeOf(stranger.machine.version({}))).not.toBe('answered')
    expect(await codeOf(insecure(site.lan, guest.address).machine.version({}))).not.toBe('answered')
  })

  test('a certificate that is not for clients gets no answer', async () => {
    const server = await secure(site.lan, guest.address, bundle, { usage: 'server' })
    expect(await codeOf(server.machine.version({}))).not.toBe('answered')
  })

  test('roles decide: a reader reads, an operator reboots, only an administrator configures', async () => {
    const reader = await secure(site.lan, guest.address, bundle, { organizations: ['os:reader'] })
    const nobody = await secure(site.lan, guest.address, bundle, { organizations: ['os:guest'] })
    const backup = await secure(site.lan, guest.address, bundle, { organizations: ['os:etcd:backup'] })
    expect(await codeOf(reader.machine.version({}))).toBe('answered')
    expect(await codeOf(reader.machine.reboot({}))).toBe('PermissionDenied')
    expect(await codeOf(apply(reader, machineConfig(bundle, wish)))).toBe('PermissionDenied')
    const secret = { namespace: 'config', type: 'MachineConfigs.config.talos.dev', id: 'v1alpha1' }
    expect(await codeOf(reader.state.get(secret))).toBe('PermissionDenied')
    expect(await codeOf(nobody.machine.version({}))).toBe('PermissionDenied')
    expect(await codeOf(backup.machine.etcdMemberList({}))).toBe('answered')
    expect(await codeOf(backup.machine.serviceList({}))).toBe('PermissionDenied')
    const text = parse((await admin.state.get(secret)).resource?.spec?.yamlSpec ?? '') as unknown
    expect(text).toBe(machineConfig(bundle, wish))
  })
})

describe('what a configured node shows', () => {
  test('services, members and itself in Kubernetes', async () => {
    const services = (await admin.machine.serviceList({})).messages[0]?.services ?? []
    expect(services.filter((one) => one.health?.healthy).map((one) => one.id)).toEqual(
      expect.arrayContaining(['apid', 'etcd', 'kubelet', 'trustd']),
    )
    const status = (await admin.machine.etcdStatus({})).messages[0]?.memberStatus
    expect(status?.leader).toBe(status?.memberId)
    const list = async (namespace: string, type: string) => {
      const found = []
      for await (const { resource } of admin.state.list({ namespace, type })) found.push(resource?.metadata?.id)
      return found
    }
    expect(await list('cluster', 'Members.cluster.talos.dev')).toEqual(['cp-1'])
    expect(await list('k8s', 'StaticPodStatuses.kubernetes.talos.dev')).toHaveLength(3)
    expect(await list('etcd', 'EtcdMembers.etcd.talos.dev')).toEqual(['local'])
    const member = await admin.state.get({ namespace: 'etcd', type: 'EtcdMembers.etcd.talos.dev', id: 'local' })
    expect(member.resource?.spec?.yamlSpec).toContain(status?.memberId.toString(16))
    const machine = await admin.state.get({
      namespace: 'runtime',
      type: 'MachineStatuses.runtime.talos.dev',
      id: 'machine',
    })
    expect(machine.resource?.spec?.yamlSpec).toBe('stage: running\nstatus:\n    ready: true\n    unmetConditions: []\n')
  })

  test('a kubeconfig in a tar that is not terminated', async () => {
    const chunks: Uint8Array[] = []
    for await (const data of admin.machine.kubeconfig({})) chunks.push(data.bytes)
    const tar = gunzipSync(Buffer.concat(chunks))
    const size = Number.parseInt(tar.subarray(124, 135).toString(), 8)
    expect(tar.subarray(0, 10).toString()).toBe('kubeconfig')
    expect(tar.length).toBe(512 + size)
    const config = parse(tar.subarray(512).toString()) as { clusters: { cluster: { server: string } }[] }
    expect(config.clusters[0]?.cluster.server).toBe(`https://${VIP}:6443`)
  })

  test('a watch begins with an empty message, then the present, then what changes', async () => {
    const controller = new AbortController()
    const seen: string[] = []
    const request = {
      namespace: 'network',
      type: 'HostnameStatuses.net.talos.dev',
      options: { bootstrapContents: true },
      apiVersion: 1,
    }
    for await (const { event } of admin.state.watch(request, { signal: controller.signal, timeoutMs: 8_000 })) {
      const [first] = event
      seen.push(first ? EventType[first.eventType] : 'empty')
      if (first?.eventType === EventType.BOOTSTRAPPED)
        await apply(admin, machineConfig(bundle, { ...wish, hostname: 'renamed' }), Mode.NO_REBOOT)
      if (first?.eventType === EventType.UPDATED) break
    }
    controller.abort()
    expect(seen).toEqual(['empty', 'CREATED', 'BOOTSTRAPPED', 'UPDATED'])
    await apply(admin, machineConfig(bundle, wish), Mode.NO_REBOOT)
  })
})

describe('changing a configured node', () => {
  test('a live change keeps the boot, another one reboots or is refused by mode', async () => {
    const node = nodeOf(site, guest)
    const boot = node.bootId
    const labelled = machineDocuments(bundle, wish)
    Object.assign(labelled[0]?.['machine'] as object, { nodeLabels: { zone: 'a' } })
    const live = await apply(admin, toYaml(labelled))
    expect(live.messages[0]?.mode).toBe(Mode.NO_REBOOT)
    expect(node.bootId).toBe(boot)
    await until(
      () => site.world.cluster(bundle.id).kubernetes.store.find('nodes', 'cp-1')?.metadata.labels?.['zone'] === 'a',
      'the label',
    )

    const withFile = machineDocuments(bundle, wish)
    Object.assign(withFile[0]?.['machine'] as object, { udev: { rules: ['x'] } })
    expect(await codeOf(apply(admin, toYaml(withFile), Mode.NO_REBOOT))).toBe('InvalidArgument')
    const staged = await apply(admin, toYaml(withFile), Mode.STAGED)
    expect(staged.messages[0]?.modeDetails).toContain('Staged')
    expect(node.config?.source).not.toContain('udev')
    await admin.machine.reboot({})
    await until(() => node.bootId !== boot && node.nodeReady, 'rebooted')
    expect(node.config?.source).toContain('udev')
  })

  test('what was tried goes back by itself', async () => {
    const node = nodeOf(site, guest)
    const clients = await secure(site.lan, guest.address, bundle)
    const before = node.config?.source
    const tried = machineDocuments(bundle, { ...wish, hostname: 'tried' })
    Object.assign(tried[0]?.['machine'] as object, { udev: { rules: ['x'] } })
    await apply(clients, toYaml(tried), Mode.TRY)
    expect(node.hostname).toBe('tried')
    await until(() => node.hostname === 'cp-1', 'it went back')
    expect([node.config?.source, node.disk?.config]).toEqual([before, before])
  })

  test('a Kubernetes upgrade by configuration shows in the static pods, with the new version of the configuration', async () => {
    const clients = await secure(site.lan, guest.address, bundle)
    const next = machineDocuments(bundle, { ...wish, kubernetes: '1.36.4' })
    Object.assign(next[0]?.['machine'] as object, { udev: { rules: ['x'] } })
    await apply(clients, toYaml(next), Mode.NO_REBOOT)
    const store = site.world.cluster(bundle.id).kubernetes.store
    await until(
      () => JSON.stringify(store.find('pods', 'kube-apiserver-cp-1', 'kube-system')).includes('v1.36.4'),
      'the pod',
    )
    await until(() => JSON.stringify(store.find('nodes', 'cp-1')).includes('"kubeletVersion":"v1.36.4"'), 'the kubelet')
    expect(store.find('pods', 'kube-apiserver-cp-1', 'kube-system')?.metadata.annotations).toMatchObject({
      'talos.dev/config-version': String(nodeOf(site, guest).configVersion),
    })
  })

  test('a new address is served at once, with a certificate for it', async () => {
    const clients = await secure(site.lan, guest.address, bundle)
    const moved = machineDocuments(bundle, { ...wish, address: '192.168.1.90', kubernetes: '1.36.4' })
    Object.assign(moved[0]?.['machine'] as object, { udev: { rules: ['x'] } })
    await apply(clients, toYaml(moved), Mode.NO_REBOOT)
    expect(portOf(site.lan, '192.168.1.90', 50_000)).toBeDefined()
    expect(portOf(site.lan, '192.168.1.90', 6443)).toBeDefined()
    const there = await secure(site.lan, '192.168.1.90', bundle)
    expect((await there.machine.hostname({})).messages[0]?.hostname).toBe('cp-1')
  })
})
