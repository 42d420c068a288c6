import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OperationInput } from '#core/model/operation.ts'
import { ClusterDocument, MachineClassDocument, type Stored } from '#core/model/document.ts'
import { place } from '#core/placement/place.ts'
import { requestsFor } from '#core/plan/machines.ts'
import { plan } from '#core/plan/plan.ts'
import { keyOf } from '#core/plan/wish.ts'
import { ensureImage } from '#agent/operations/image-ensure.ts'
import { createMachine } from '#agent/operations/machine-create.ts'
import { toNewMachine } from '#agent/operations/new-machine.ts'
import { aCluster, aMachineClass, aNetwork, aSite, CLUSTER_UID } from '#test/support/documents.ts'
import { HOST, startProxmoxSite, type ProxmoxSite } from '#test/support/proxmox-site.ts'
import { aStorage, aWideLedger, anIsolatedNetwork, seenHosts } from '#test/support/site.ts'
import { seededRandom } from '#test/support/random.ts'
import { handlerContext } from '#test/support/step-journal.ts'
import { aMachine, anOperation, aView } from '#test/support/view.ts'
import { byPath, startScripted } from '../providers/proxmox/scripted-host.ts'

/**
 * Every word that a machine class and its NICs can say, from the document through placement and plan to the parameters
 * that are sent and the guest that is read back: no field is accepted and lost on the way.
 */
const GIB = 1024 ** 3
const MAC = 'bc:24:11:0a:0b:0c'
const IMAGE = {
  kind: 'image',
  sizeBytes: 100 * 1024 ** 2,
  virtualBytes: 2 * GIB,
  sha256: '0'.repeat(64),
  content: undefined,
} as const
const GPU = { id: 'gpu', map: [`node=${HOST},path=0000:01:00.0,id=10de:2484`] }
const HOST_SPEC = {
  name: HOST,
  storage: 'local-zfs',
  imageStorage: 'local',
  labels: { rack: 'left' },
  devices: { gpu0: { mapping: 'gpu' } },
}

const machineClass = {
  ...aMachineClass(),
  ...MachineClassDocument.parse({
    apiVersion: 'lanline/v1alpha1',
    kind: 'MachineClass',
    metadata: { name: 'cp-small' },
    spec: {
      cpu: 6,
      cpuType: 'host',
      numa: true,
      memory: '12Gi',
      firmware: 'ovmf',
      secureBoot: true,
      tpm: true,
      disks: [
        { size: '40Gi', iothread: true, cache: 'writethrough' },
        {
          name: 'data',
          size: '100Gi',
          storage: 'storage.type == "lvmthin"',
          cache: 'writeback',
          ssd: false,
          discard: false,
          backup: false,
        },
      ],
      devices: [{ mapping: 'gpu', pcie: true }],
      onboot: false,
      protection: true,
      tags: ['prod'],
      pool: 'home/clusters',
      where: 'host.labels.rack == "left"',
      pins: { 'cp-1': HOST },
    },
  }),
}
const cluster = ((): Stored<ClusterDocument> => {
  const plain = aCluster({ machines: { 'cp-1': '192.168.1.51' } })
  const nics = [
    { network: 'lan', firewall: true, macs: { 'cp-1': MAC } },
    { network: 'storage', hostTunnel: true },
  ]
  const { uid: _, generation: __, createdAt: ___, updatedAt: ____, ...document } = plain
  const wished = { ...document, spec: { ...plain.spec, controlPlane: { ...plain.spec.controlPlane, nics } } }
  return { ...plain, ...ClusterDocument.parse(wished) }
})()
const networks = { lan: aNetwork({ vlan: 20, mtu: 1400 }), storage: anIsolatedNetwork() }
const site = aSite({ hosts: [HOST_SPEC] })

/** The operations that the documents come to, in their order: the image, and once it is there the machine. */
function planned() {
  const documents = { cluster, site, networks, machineClasses: { 'cp-small': machineClass } }
  const machine = aMachine('cp-1', { placement: undefined })
  const storages = [
    aStorage(HOST, 'local', { content: ['import', 'iso'], type: 'dir' }),
    aStorage(HOST, 'local-zfs', { type: 'zfspool' }),
    aStorage(HOST, 'thin', { type: 'lvmthin' }),
  ]
  const ledger = aWideLedger([HOST_SPEC], { networks: { lan: networks.lan.spec, storage: networks.storage.spec } })
  const answer = place(
    CLUSTER_UID,
    requestsFor([machine], documents),
    { ...ledger, site: site.spec, seen: seenHosts([HOST_SPEC], { storages }) },
    seededRandom(1).bytes,
  )
  if (!answer.ok) throw new Error(JSON.stringify(answer.refusals))
  const machines = [{ ...machine, placement: answer.placements[0] }]
  const image = plan(aView({ ...documents, machines })).operations.find(({ kind }) => kind === 'image.ensure')
  if (!image) throw new Error('no image was asked for')
  const done = anOperation('image.ensure', image.subject, {
    ...image,
    key: keyOf(image),
    state: 'succeeded',
    finishedAt: 1,
    result: { outcome: 'succeeded', output: {} },
  })
  const creation = plan(aView({ ...documents, machines, operations: [done] })).operations.find(
    ({ kind }) => kind === 'machine.create',
  )
  return {
    image: image.input as OperationInput<'image.ensure'>,
    creation: creation?.input as OperationInput<'machine.create'>,
  }
}

let lab: ProxmoxSite
let sent: Readonly<Record<string, string>>
let read: Readonly<Record<string, string>>

beforeAll(async () => {
  lab = await startProxmoxSite(
    (host) => {
      const { access } = host.cluster
      const agent = host.setUpLeastPrivilege({ pool: 'home/clusters' })
      access.roles.set('LanlineMapping', new Set(['Mapping.Use']))
      access.grant('/mapping/pci', 'LanlineMapping', 'lanline@pve', true)
      access.grant('/sdn/zones/localnetwork/vmbr0/20', 'LanlineNet', 'lanline@pve', true)
      return agent
    },
    '9.2',
    {
      storages: [
        { name: 'local', type: 'dir', content: ['iso', 'import'], totalBytes: 100 * GIB },
        { name: 'local-zfs', type: 'zfspool', content: ['images'], totalBytes: 900 * GIB },
        { name: 'thin', type: 'lvmthin', content: ['images'], totalBytes: 900 * GIB },
      ],
      bridges: [
        { name: 'vmbr0', port: 'eno1' },
        { name: 'vmbr1', port: undefined },
      ],
      images: { look: () => IMAGE },
      pciMappings: [GPU],
      pciDevices: [
        {
          id: '0000:01:00.0',
          class: '0x030000',
          vendor: '0x10de',
          vendorName: 'NVIDIA',
          device: '0x2484',
          deviceName: 'GA104',
          iommuGroup: 14,
        },
      ],
    },
  )
  const { image, creation } = planned()
  const recorder = await startScripted(
    byPath({
      [`GET /nodes/${HOST}/version`]: { data: { version: '9.2.11' } },
      [`POST /nodes/${HOST}/qemu`]: { data: `UPID:${HOST}:0000014F:00092BAA:6B002818:qmcreate:1:lanline@pve!agent:` },
    }),
  )
  await recorder.provider.startCreation(toNewMachine(creation))
  sent = recorder.asked.find(({ method }) => method === 'POST')?.params ?? {}
  await recorder.close()

  const brought = await ensureImage(lab.deps)(image, handlerContext())
  if (!brought.ok) throw new Error(JSON.stringify(brought.error))
  const made = await createMachine(lab.deps)(creation, handlerContext())
  if (!made.ok) throw new Error(JSON.stringify(made.error))
  read = Object.fromEntries(lab.host.guests().find(({ vmid }) => vmid === creation.vmid)?.config ?? [])
})
afterAll(() => lab.close())

/** What the document says · the parameter · what is sent · what is read back. */
const WORDS: readonly (readonly [string, string, RegExp, RegExp])[] = [
  ['cpu', 'cores', /^6$/, /^6$/],
  ['cpuType', 'cpu', /^host$/, /^host$/],
  ['numa', 'numa', /^1$/, /^1$/],
  ['memory, fixed', 'memory', /^12288$/, /^12288$/],
  ['no ballooning', 'balloon', /^0$/, /^0$/],
  ['q35', 'machine', /^q35$/, /^q35$/],
  ['firmware', 'bios', /^ovmf$/, /^ovmf$/],
  ['secureBoot: its image', 'scsi0', /import-from=local:import\/[^,]*-secureboot\.qcow2/, /size=40G/],
  ['secureBoot: keys of its own', 'efidisk0', /pre-enrolled-keys=0/, /pre-enrolled-keys=0/],
  ['tpm', 'tpmstate0', /^local-zfs:1,version=v2\.0$/, /version=v2\.0/],
  ['iothread: a controller for each', 'scsihw', /^virtio-scsi-single$/, /^virtio-scsi-single$/],
  ['disks[0] iothread', 'scsi0', /iothread=1/, /iothread=1/],
  ['disks[0] cache', 'scsi0', /cache=writethrough/, /cache=writethrough/],
  ['disks[0] ssd, discard', 'scsi0', /discard=on,ssd=1/, /(?=.*discard=on)(?=.*ssd=1)/],
  ['disks[0] serial', 'scsi0', /serial=talos-system/, /serial=talos-system/],
  ['disks[1] storage by expression, size', 'scsi1', /^thin:100,/, /^thin:vm-\d+-disk-\d+,.*size=100G/],
  ['disks[1] cache, backup', 'scsi1', /cache=writeback,backup=0/, /(?=.*cache=writeback)(?=.*backup=0)/],
  ['disks[1] no ssd, no discard', 'scsi1', /^(?!.*(ssd|discard))/, /^(?!.*(ssd|discard))/],
  ['disks[1] name', 'scsi1', /serial=data/, /serial=data/],
  ['nics[0] macs', 'net0', /^virtio=BC:24:11:0A:0B:0C,/, /^virtio=BC:24:11:0A:0B:0C,/],
  [
    'nics[0] network, vlan, mtu',
    'net0',
    /bridge=vmbr0,tag=20,mtu=1400/,
    /(?=.*bridge=vmbr0)(?=.*tag=20)(?=.*mtu=1400)/,
  ],
  ['nics[0] firewall', 'net0', /firewall=1/, /firewall=1/],
  ['nics[0] no host tunnel', 'net0', /host-tunnel=0/, /host-tunnel=0/],
  [
    'nics[0] address',
    'ipconfig0',
    /^ip=192\.168\.1\.51\/24,gw=192\.168\.1\.1$/,
    /^ip=192\.168\.1\.51\/24,gw=192\.168\.1\.1$|^gw=/,
  ],
  ['nics[1] network', 'net1', /bridge=vmbr1/, /bridge=vmbr1/],
  ['nics[1] hostTunnel', 'net1', /host-tunnel=1/, /host-tunnel=1/],
  ['nics[1] isolated', 'ipconfig1', /^ip=172\.31\.250\.\d+\/24$/, /^ip=172\.31\.250\.\d+\/24$/],
  ['devices', 'hostpci0', /^mapping=gpu,pcie=1$/, /^mapping=gpu,pcie=1$/],
  ['boot', 'boot', /^order=scsi0$/, /^order=scsi0$/],
  ['cloud-init drive', 'ide2', /^local-zfs:cloudinit$/, /cloudinit/],
  ['serial console', 'serial0', /^socket$/, /^socket$/],
  ['rng', 'rng0', /^source=\/dev\/urandom$/, /^source=\/dev\/urandom$/],
  ['guest agent with its extension', 'agent', /^enabled=1$/, /^enabled=1$/],
  ['onboot', 'onboot', /^0$/, /^0$/],
  ['protection, set last', 'protection', /^not sent$/, /^1$/],
  ['tags, set last', 'tags', /^not sent$/, /^lanline;lanline-home;prod$/],
  ['description marker', 'description', /cluster: [0-9a-z]{20}\nmachine: /, /machine: [0-9a-f-]{36}/],
  ['identity', 'smbios1', /^uuid=[0-9a-f-]{36}$/, /^uuid=[0-9a-f-]{36}$/],
]

describe('what a class says reaches Proxmox', () => {
  test.each(WORDS)('%s: %s', (_, key, inCall, inGuest) => {
    expect(sent[key] ?? 'not sent').toMatch(inCall)
    expect(read[key]).toMatch(inGuest)
  })

  test('pool: the machine is a member of the one named', () => {
    expect(sent['pool']).toBe('home/clusters')
    expect([...(lab.host.cluster.access.pools.get('home/clusters')?.vms ?? [])]).toEqual([planned().creation.vmid])
  })

  test('everything that is sent is a word of the table, or one that every machine has', () => {
    const others = ['vmid', 'name', 'pool', 'ostype', 'sockets', 'hotplug', 'vga', 'citype', 'nameserver']
    const known = new Set([...WORDS.map(([, key]) => key), ...others])
    expect(Object.keys(sent).filter((key) => !known.has(key))).toEqual([])
  })
})
