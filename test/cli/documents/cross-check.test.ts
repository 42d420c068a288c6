import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { crossCheck } from '#cli/documents/cross-check.ts'
import { issueOf, readDocuments } from '#cli/documents/read.ts'
import { REPOSITORY } from '#test/support/run-cli.ts'

const homelab = readFileSync(`${REPOSITORY}examples/homelab.yaml`, 'utf8')

/** `path  message` of each error, and the notes, for the example with changes. */
function check(...changes: readonly (readonly [from: string, to: string])[]) {
  const text = changes.reduce((changed, [from, to]) => {
    expect(changed).toContain(from)
    return changed.replaceAll(from, to)
  }, homelab)
  const read = readDocuments([{ name: 'homelab.yaml', text }])
  if (!read.ok) return { errors: read.error.map((issue) => `${issue.path}  ${issue.message}`), notes: [] }
  const { errors, notes } = crossCheck(read.value.map(({ document }) => document))
  return {
    errors: errors.map((error) => {
      const issue = issueOf(read.value[error.index]!.source, error)
      return `${issue.path}  ${issue.message}`
    }),
    notes,
  }
}

describe('documents checked together, offline', () => {
  test('the example is valid as it is', () => {
    expect(check()).toEqual({ errors: [], notes: [] })
  })

  test.each<readonly [string, readonly [string, string], string | readonly string[]]>([
    [
      'an address outside the network',
      ['talos-node-2: 192.168.1.53', 'talos-node-2: 192.168.2.53'],
      'spec.controlPlane.machines.talos-node-2  192.168.2.53 is not in 192.168.1.0/24 of the network "lan"',
    ],
    [
      'a machine in a reserved range',
      ['talos-node-2: 192.168.1.53', 'talos-node-2: 192.168.1.65'],
      'spec.controlPlane.machines.talos-node-2  192.168.1.65 is reserved as "services" (192.168.1.60-192.168.1.79) in the network "lan"',
    ],
    [
      'an address given twice',
      ['talos-node-2: 192.168.1.53', 'talos-node-2: 192.168.1.51'],
      'spec.controlPlane.machines.talos-node-2  192.168.1.51 is already taken by the machine talos-node-0',
    ],
    [
      'a machine on the VIP',
      ['talos-node-2: 192.168.1.53', 'talos-node-2: 192.168.1.50'],
      [
        'spec.controlPlane.machines.talos-node-2  192.168.1.50 is already taken by the VIP of this cluster',
        'spec.controlPlane.machines.talos-node-2  192.168.1.50 is reserved as "vip" (192.168.1.50) in the network "lan"',
      ],
    ],
    [
      'the broadcast address as VIP',
      ['vip: 192.168.1.50\n  controlPlane', 'vip: 192.168.1.255\n  controlPlane'],
      'spec.endpoint.vip  192.168.1.255 is the network or broadcast address of 192.168.1.0/24',
    ],
    [
      'a gateway outside the network',
      ['gateway: 192.168.1.1\n', 'gateway: 10.0.0.1\n'],
      'spec.gateway  10.0.0.1 is not a host address in 192.168.1.0/24',
    ],
    [
      'a Talos that is not supported',
      ['version: v1.13.9', 'version: v1.2.3'],
      'spec.talos.version  v1.2.3 is not supported; supported: 1.12, 1.13, 1.14',
    ],
    [
      'a Kubernetes that Talos does not run',
      ['version: v1.36.3', 'version: v1.20.0'],
      'spec.kubernetes.version  v1.20.0 is not supported with Talos v1.13.9; supported: 1.31 to 1.36',
    ],
  ])('refuses %s', (_, change, expected) => {
    expect(check(change).errors).toEqual([expected].flat())
  })

  test('a name that is here twice is refused at the second place', () => {
    const text = `${homelab}---\n${homelab.slice(homelab.indexOf('apiVersion'), homelab.indexOf('---', homelab.indexOf('apiVersion')))}`
    const read = readDocuments([{ name: 'homelab.yaml', text }])
    const documents = read.ok ? read.value.map(({ document }) => document) : []
    expect(crossCheck(documents).errors).toEqual([
      expect.objectContaining({
        index: 4,
        path: ['metadata', 'name'],
        message: 'Site/home is here for the second time',
      }),
    ])
  })

  test('a reference out of the files is a note with the nearest name, because the API may have the object', () => {
    expect(check(['nodeNetwork: lan', 'nodeNetwork: lam'])).toEqual({
      errors: [],
      notes: ['Cluster/home refers to Network/lam, which is not in these files; did you mean "lan"?'],
    })
  })
})
