import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, describe, expect, test } from 'vitest'
import { RESOURCES, type ListName, type SingleName } from '#agent/talos/resource-types.ts'
import { aResource } from '#test/support/talos-server.ts'
import { closeAll, nodeWith } from './our-node.ts'

afterEach(closeAll)

/** As real nodes write them, with fields that we do not read. Source: pkg/machinery/resources of Talos v1.13.9, v1.14.0-rc.1. */
const SINGLE: Readonly<Record<SingleName, readonly [yaml: string, spec: unknown]>> = {
  bootId: ['bootID: 0f1e\n', { bootID: '0f1e' }],
  machineStatus: [
    'stage: running\nstatus:\n    ready: true\n    unmetConditions: []\n',
    { stage: 'running', ready: true, unmetConditions: [] },
  ],
  securityState: [
    'secureBoot: true\nukiSigningKeyFingerprint: "ab"\nselinuxState: enabled\nbootedWithUKI: true\n',
    { secureBoot: true, bootedWithUki: true },
  ],
  kernelCmdline: [
    'cmdline: talos.platform=nocloud console=ttyS0\n',
    { cmdline: 'talos.platform=nocloud console=ttyS0' },
  ],
  unattendedInstall: [
    'image: factory.talos.dev/x:v1.14.0\nphase: waiting-for-reboot\n',
    { phase: 'waiting-for-reboot', image: 'factory.talos.dev/x:v1.14.0' },
  ],
  schematic: ['schematicId: "376567988ad3"\nflavor: ""\napiUrl: https://factory.talos.dev\n', { id: '376567988ad3' }],
  systemInformation: [
    'manufacturer: QEMU\nproductName: Standard PC\nbiosVersion: "4"\nuuid: 4C4C4544-0000-4000-8000-000000000001\n',
    { manufacturer: 'QEMU', productName: 'Standard PC', uuid: '4c4c4544-0000-4000-8000-000000000001' },
  ],
  systemDisk: ['diskID: sda\ndevPath: /dev/sda\n', { id: 'sda', path: '/dev/sda' }],
  addresses: [
    'addresses:\n    - 192.168.1.51/24\n    - fe80::1/64\nsortAlgorithm: v1\n',
    { addresses: ['192.168.1.51/24', 'fe80::1/64'] },
  ],
  hostname: ['hostname: cp-1\ndomainname: ""\n', { hostname: 'cp-1', domainname: '' }],
  activeConfig: ['|\n  version: v1alpha1\n', 'version: v1alpha1\n'],
  persistentConfig: ['|\n  version: v1alpha1\n', 'version: v1alpha1\n'],
  etcdMember: ['memberID: abc123\n', { id: '0000000000abc123' }],
  nodename: ['nodename: cp-1\nhostnameVersion: "3"\nskipNodeRegistration: false\n', { nodename: 'cp-1' }],
  apiServer: [
    'image: registry.k8s.io/kube-apiserver:v1.36.3\nlocalPort: 6443\n',
    { image: 'registry.k8s.io/kube-apiserver:v1.36.3' },
  ],
  controllerManager: ['enabled: true\nimage: cm:v1\ncloudProvider: ""\n', { image: 'cm:v1' }],
  scheduler: ['enabled: true\nimage: s:v1\n', { image: 's:v1' }],
  kubelet: ['image: k:v1\nargs: []\nexpectedNodename: cp-1\n', { image: 'k:v1' }],
  timeStatus: ['synced: true\nepoch: 1\nsyncDisabled: false\n', { synced: true, syncDisabled: false }],
}

const LISTS: Readonly<Record<ListName, readonly [yaml: string, spec: unknown]>> = {
  manifests: ['- apiVersion: v1\n  kind: Namespace\n', [{ apiVersion: 'v1', kind: 'Namespace' }]],
  diagnostics: ['message: kubelet is slow\ndetails: []\n', { message: 'kubelet is slow' }],
  services: ['running: true\nhealthy: false\nunknown: true\n', { running: true, healthy: false, unknown: true }],
  extensions: [
    'image: 000.ghcr.io-siderolabs-qemu-guest-agent.sqsh\nmetadata:\n    name: qemu-guest-agent\n    version: 10.0.2\n    author: Markus\n',
    { name: 'qemu-guest-agent', version: '10.0.2' },
  ],
  disks: [
    'dev_path: /dev/sda\nsize: 34359738368\npretty_size: 34 GB\nio_size: 512\nsector_size: 512\nreadonly: false\ncdrom: false\nmodel: QEMU HARDDISK\nserial: drive-scsi0\nbus_path: /pci0000:00/\nsub_system: /sys/class/block\ntransport: virtio\nrotational: true\nsymlinks: []\n',
    {
      path: '/dev/sda',
      sizeBytes: 34_359_738_368,
      readonly: false,
      cdrom: false,
      model: 'QEMU HARDDISK',
      serial: 'drive-scsi0',
      transport: 'virtio',
      busPath: '/pci0000:00/',
      rotational: true,
    },
  ],
  volumes: [
    'phase: ready\ntype: partition\nlocation: /dev/sda4\nsize: 1000\nfilesystem: xfs\n',
    { phase: 'ready', type: 'partition', location: '/dev/sda4', sizeBytes: 1000 },
  ],
  links: [
    'index: 8\ntype: ether\nlinkIndex: 0\nflags: UP,BROADCAST\nhardwareAddr: 02:54:41:00:00:01\npermanentAddr: 02:54:41:00:00:02\nmtu: 1500\nqueueDisc: fq_codel\noperationalState: up\nkind: ""\nlinkState: true\n',
    { type: 'ether', kind: '', mac: '02:54:41:00:00:02', mtu: 1500, state: 'up', up: true },
  ],
  members: [
    'nodeId: xCn\naddresses:\n    - 192.168.1.51\nhostname: cp-1\nmachineType: controlplane\noperatingSystem: Talos (v1.13.9)\ncontrolPlane:\n    port: 6443\n',
    { id: 'xCn', addresses: ['192.168.1.51'], hostname: 'cp-1', role: 'controlplane', system: 'Talos (v1.13.9)' },
  ],
  nodeStatuses: [
    'nodename: cp-1\nnodeReady: true\nunschedulable: true\nlabels:\n    a: b\nannotations: {}\n',
    { name: 'cp-1', ready: true, schedulable: false, labels: { a: 'b' } },
  ],
  staticPods: [
    'phase: Running\nhostIP: 192.168.1.51\nconditions:\n    - type: Ready\n      status: "True"\n      lastProbeTime: null\n',
    { phase: 'Running', ready: true },
  ],
}

describe('what a node tells about itself', () => {
  test.each(Object.entries(SINGLE) as [SingleName, (typeof SINGLE)[SingleName]][])('%s', async (name, [yaml, spec]) => {
    const asked: string[] = []
    const node = await nodeWith({
      state: {
        get({ namespace, type, id }) {
          asked.push(`${namespace} ${type} ${id}`)
          return { resource: aResource(yaml) }
        },
      },
    })
    const read = await node.resource(name)
    const { namespace, type, id } = RESOURCES[name]
    expect(asked).toEqual([`${namespace} ${type} ${id}`])
    expect(read).toEqual({ ok: true, value: { id: 'x', version: '1', spec } })
  })

  test.each(Object.entries(LISTS) as [ListName, (typeof LISTS)[ListName]][])('%s', async (name, [yaml, spec]) => {
    const node = await nodeWith({
      state: {
        async *list({ namespace, type }) {
          expect([namespace, type]).toEqual([RESOURCES[name].namespace, RESOURCES[name].type])
          yield { resource: aResource(yaml, 'first') }
        },
      },
    })
    expect(await node.resources(name)).toEqual({ ok: true, value: [{ id: 'first', version: '1', spec }] })
  })

  test('a resource that is not there is no failure, nor is a kind that an older Talos does not know', async () => {
    const refusing = (code: Code, text: string) => () => {
      throw new ConnectError(text, code)
    }
    const young = await nodeWith({ state: { get: refusing(Code.NotFound, "resource doesn't exist") } })
    expect(await young.resource('etcdMember')).toEqual({ ok: true, value: undefined })
    const unknown = refusing(Code.PermissionDenied, 'resource type "X.talos.dev" is not supported')
    const old = await nodeWith({ state: { get: unknown, list: unknown } })
    expect(await old.resource('unattendedInstall')).toEqual({ ok: true, value: undefined })
    expect(await old.resources('volumes')).toEqual({ ok: true, value: [] })
    const denied = await nodeWith({ state: { get: refusing(Code.PermissionDenied, 'not authorized') } })
    expect(await denied.resource('activeConfig')).toMatchObject({ error: { code: 'node-unauthorized' } })
  })
})
