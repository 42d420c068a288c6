import { describe, expect, test } from 'vitest'
import { byKind } from '#core/check/documents.ts'
import { checkSettings } from '#core/check/settings.ts'
import { aNetwork } from '#test/support/documents.ts'
import { aClusterWith } from '#test/support/cluster-spec.ts'

const said = (changes: Parameters<typeof aClusterWith>[0], contract = '1.14') => {
  const cluster = aClusterWith(changes)
  return checkSettings(cluster, byKind([cluster, aNetwork()]), contract, () => false).map(
    ({ path, message }) => `${path.slice(1).join('.')}  ${message}`,
  )
}

describe('settings of a cluster', () => {
  test('workload isolation needs a contract that writes it, whatever Talos runs', () => {
    const asked = { talos: { version: 'v1.14.0', workloadIsolation: false } }
    expect(said(asked, '1.14')).toEqual([])
    expect(said(asked, '1.13')).toEqual([
      'talos.workloadIsolation  begins with Talos 1.14; this cluster has the contract 1.13',
    ])
  })

  test.each([
    ['podSubnets', '192.168.0.0/16', 'overlaps with 192.168.1.0/24 of the network "lan"'],
    ['serviceSubnets', '10.244.0.0/16', 'overlaps with 10.244.0.0/16 of the pods'],
    ['podSubnets', '10.96.0.0/16', 'overlaps with 10.96.0.0/12 of the services'],
    ['podSubnets', '10.20.0.0/24', 'is too small: each node takes a /24 of it; give at least a /22'],
  ])('%s %s is refused: it %s', (field, cidr, reason) => {
    expect(said({ kubernetes: { [field]: [cidr] } })).toEqual([`kubernetes.${field}.0  ${cidr} ${reason}`])
  })

  test('pods and services on one network are refused', () => {
    const [pods, services] = said({ kubernetes: { podSubnets: ['10.32.0.0/16'], serviceSubnets: ['10.32.0.0/16'] } })
    expect(pods).toBe('kubernetes.podSubnets.0  10.32.0.0/16 overlaps with 10.32.0.0/16 of the services')
    expect(services).toBe('kubernetes.serviceSubnets.0  10.32.0.0/16 overlaps with 10.32.0.0/16 of the pods')
  })

  test('a network that comes later under the pods of a cluster is refused, and said once', () => {
    const cluster = aClusterWith({ kubernetes: { podSubnets: ['10.32.0.0/16'] } })
    const network = aNetwork({ cidr: '10.32.4.0/24', gateway: '10.32.4.1' })
    const documents = byKind([cluster, network])
    expect(checkSettings(network, documents, undefined, () => false)).toMatchObject([
      { path: ['spec', 'cidr'], message: '10.32.4.0/24 overlaps with 10.32.0.0/16 of the pods of cluster "home"' },
    ])
    expect(checkSettings(network, documents, undefined, () => true)).toEqual([])
  })

  test('the networks that everyone has are not judged', () => {
    expect(said({})).toEqual([])
  })
})
