import { z } from 'zod'
import { describe, expect, test } from 'vitest'
import { CHANGE_RULES, unsupportedChanges, type ChangeUse } from '#core/model/changes.ts'
import {
  DOCUMENT_SCHEMAS,
  type ClusterDocument,
  type Document,
  type MachineClassDocument,
  type NetworkDocument,
  type SiteDocument,
} from '#core/model/document.ts'

const apiVersion = 'lanline/v1alpha1' as const
const aCluster = (spec: Partial<ClusterDocument['spec']> = {}): ClusterDocument => ({
  apiVersion,
  kind: 'Cluster',
  metadata: { name: 'home' },
  spec: {
    site: 'home',
    talos: { version: 'v1.13.9', extensions: ['qemu-guest-agent'] },
    kubernetes: { version: 'v1.36.3' },
    nodeNetwork: 'lan',
    endpoint: { vip: '192.168.1.50' },
    controlPlane: { class: 'cp', schedulable: true, machines: { a: '192.168.1.51' } },
    ...spec,
  },
})
const aSite = (hosts: readonly string[], storage = 'zfs'): SiteDocument => ({
  apiVersion,
  kind: 'Site',
  metadata: { name: 'home' },
  spec: {
    provider: 'proxmox',
    vmids: '5000-5999',
    hosts: hosts.map((name) => ({ name, storage, imageStorage: 'local' })),
  },
})
const aNetwork = (spec: Partial<NetworkDocument['spec']> = {}): NetworkDocument => ({
  apiVersion,
  kind: 'Network',
  metadata: { name: 'lan' },
  spec: { site: 'home', bridge: 'vmbr0', cidr: '192.168.1.0/24', gateway: '192.168.1.1', ...spec },
})

const unused = { usedBy: [], bootstrapped: [] }
const used = { usedBy: ['home'], bootstrapped: [] }
const bootstrapped = { usedBy: ['home'], bootstrapped: ['home'] }

describe('unsupportedChanges', () => {
  test('a cluster may become anything at its site until it is bootstrapped', () => {
    const after = aCluster({ talos: { version: 'v1.13.8' }, nodeNetwork: 'other', endpoint: { vip: '192.168.1.9' } })
    expect(unsupportedChanges(aCluster(), after, used)).toEqual([])
    expect(unsupportedChanges(aCluster(), aCluster({ site: 'far' }), unused)).toEqual([
      { path: ['spec', 'site'], rule: 'born', because: [] },
    ])
  })

  test('a bootstrapped cluster may change its machines; what else changed is named to the last field', () => {
    const machines = { a: '192.168.1.51', b: '192.168.1.52', c: '192.168.1.53' }
    const grown = aCluster({ controlPlane: { class: 'cp', schedulable: true, machines } })
    expect(unsupportedChanges(aCluster(), grown, bootstrapped)).toEqual([])
    const after = aCluster({
      talos: { version: 'v1.13.9' },
      controlPlane: { class: 'cp-large', schedulable: false, machines },
    })
    expect(unsupportedChanges(aCluster(), after, bootstrapped).map(({ path }) => path.join('.'))).toEqual([
      'spec.talos.extensions',
      'spec.controlPlane.class',
      'spec.controlPlane.schedulable',
    ])
  })

  test('a bootstrapped cluster keeps its settings and patches; those of a machine come and go with the machine', () => {
    const patches = [{ machine: { env: { A: 'b' } } }]
    const controlPlane = aCluster().spec.controlPlane
    const settings = {
      talos: { ...aCluster().spec.talos, patches, sysctls: { a: 'b' } },
      kubernetes: { ...aCluster().spec.kubernetes, dnsDomain: 'home.arpa' },
      controlPlane: { ...controlPlane, nodeLabels: { a: 'b' }, patches },
      machinePatches: { a: patches },
    }
    expect(unsupportedChanges(aCluster(), aCluster(settings), used)).toEqual([])
    expect(unsupportedChanges(aCluster(), aCluster(settings), bootstrapped).map(({ path }) => path.join('.'))).toEqual([
      'spec.talos.patches',
      'spec.kubernetes.dnsDomain',
      'spec.machinePatches.a',
      'spec.controlPlane.patches',
      'spec.controlPlane.nodeLabels',
    ])
    const grown = aCluster({
      controlPlane: { ...controlPlane, machines: { ...controlPlane.machines, n: '192.168.1.59' } },
      machinePatches: { n: patches },
    })
    expect(unsupportedChanges(aCluster(), grown, bootstrapped)).toEqual([])
    expect(unsupportedChanges(grown, aCluster(), bootstrapped)).toEqual([])
  })

  test('a set of workers that stays keeps its labels and patches once a cluster is bootstrapped; one that comes brings them', () => {
    const patches = [{ machine: { env: { A: 'b' } } }]
    const general = { class: 'cp', count: 1 }
    const before = aCluster({ workers: { general } })
    const patched = aCluster({ workers: { general: { ...general, nodeLabels: { a: 'b' }, patches } } })
    expect(unsupportedChanges(before, patched, used)).toEqual([])
    expect(unsupportedChanges(before, patched, bootstrapped).map(({ path }) => path.join('.'))).toEqual([
      'spec.workers.general.nodeLabels',
      'spec.workers.general.patches',
    ])
    const own = { machinePatches: { 'home-general-0': patches, 'home-general-1': patches } }
    const grown = aCluster({ workers: { general: { ...general, count: 2 }, more: { ...general, patches } }, ...own })
    expect(unsupportedChanges(before, grown, bootstrapped).map(({ path }) => path.join('.'))).toEqual([
      'spec.machinePatches.home-general-0',
    ])
  })

  test('a site in use may gain and change hosts, but not lose one', () => {
    const before = aSite(['a', 'b'])
    expect(unsupportedChanges(before, aSite(['b', 'a', 'c'], 'lvm'), used)).toEqual([])
    expect(unsupportedChanges(before, aSite(['b', 'c']), unused)).toEqual([])
    expect(unsupportedChanges(before, aSite(['b', 'c']), used)).toEqual([
      { path: ['spec', 'hosts'], rule: 'used', because: ['home'] },
    ])
  })

  test('a network under a bootstrapped cluster keeps what its nodes were configured with; reservations are free', () => {
    const after = aNetwork({ cidr: '192.168.0.0/16', nameservers: ['1.1.1.1'], reserved: { nas: '192.168.1.20' } })
    expect(unsupportedChanges(aNetwork(), after, used)).toEqual([])
    expect(unsupportedChanges(aNetwork(), after, bootstrapped).map(({ path }) => path.join('.'))).toEqual([
      'spec.cidr',
      'spec.nameservers',
    ])
  })

  const aClass = (spec: Partial<MachineClassDocument['spec']> = {}): MachineClassDocument => ({
    apiVersion,
    kind: 'MachineClass',
    metadata: { name: 'cp' },
    spec: { cpu: 4, memory: '8Gi', disks: [{ size: '32Gi' }], ...spec },
  })
  const refusedOf = (before: Document, after: Document, use: ChangeUse = bootstrapped) =>
    unsupportedChanges(before, after, use).map(({ path }) => path.join('.'))

  test('[P20] a class in use may say another size at any time; disks only grow, and the rest stays', () => {
    const larger = { cpu: 8, memory: '16Gi', cpuType: 'host', numa: true, tags: ['a'], onboot: false, protection: true }
    expect(refusedOf(aClass(), aClass({ ...larger, disks: [{ size: '64Gi' }] }))).toEqual([])
    expect(refusedOf(aClass(), aClass({ cpu: 2, memory: '4Gi' }))).toEqual([])
    expect(refusedOf(aClass(), aClass({ disks: [{ size: '16Gi' }] }), used)).toEqual([])
    for (const disks of [[{ size: '16Gi' }], [{ size: '32Gi' }, { size: '8Gi' }], [{ size: '64Gi', ssd: false }]])
      expect(refusedOf(aClass(), aClass({ disks }))).toEqual(['spec.disks'])
    expect(refusedOf(aClass(), aClass({ cpu: 8, firmware: 'seabios', tpm: true }))).toEqual([
      'spec.firmware',
      'spec.tpm',
    ])
  })

  test('[P20] a network moves to another VLAN unless a bootstrapped cluster has its nodes there', () => {
    const moved = aNetwork({ vlan: 30 })
    expect(refusedOf(aNetwork(), moved, { ...bootstrapped, nodes: [] })).toEqual([])
    expect(refusedOf(aNetwork(), moved, { ...bootstrapped, nodes: ['home'] })).toEqual(['spec.vlan'])
    expect(refusedOf(aNetwork(), aNetwork({ vlan: 30, mtu: 9000 }), { ...bootstrapped, nodes: [] })).toEqual([
      'spec.mtu',
    ])
    expect(refusedOf(aNetwork(), moved)).toEqual(['spec.vlan'])
  })

  test('[P20] another class will do when the class itself could have become it', () => {
    const classes = (after: Partial<MachineClassDocument['spec']>): ChangeUse => ({
      ...bootstrapped,
      classes: { before: () => aClass().spec, after: (name) => (name === 'none' ? undefined : aClass(after).spec) },
    })
    const pointing = (name: string) =>
      aCluster({
        controlPlane: { ...aCluster().spec.controlPlane, class: name },
        workers: { w: { class: name, count: 1 } },
      })
    expect(refusedOf(pointing('cp'), pointing('big'), classes({ cpu: 8, memory: '16Gi' }))).toEqual([])
    expect(unsupportedChanges(pointing('cp'), pointing('small'), classes({ disks: [{ size: '16Gi' }] }))[0]).toEqual({
      path: ['spec', 'workers', 'w', 'class'],
      rule: 'bootstrapped',
      because: ['home'],
      differs: ['disks'],
    })
    expect(refusedOf(pointing('cp'), pointing('none'), classes({}))).toHaveLength(2)
    expect(refusedOf(pointing('cp'), pointing('big'))).toHaveLength(2)
  })

  test('every field of every kind has a rule', () => {
    for (const [kind, schema] of Object.entries(DOCUMENT_SCHEMAS)) {
      const { spec } = schema.shape
      const variants = spec instanceof z.ZodDiscriminatedUnion ? spec.options : [spec]
      const fields = variants.flatMap((variant) => Object.keys(variant.shape))
      const ruled = Object.keys(CHANGE_RULES[kind as keyof typeof CHANGE_RULES]).map((path) => path.split('.')[0])
      expect(new Set(ruled)).toEqual(new Set(fields))
    }
  })
})
