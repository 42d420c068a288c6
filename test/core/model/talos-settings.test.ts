import { describe, expect, test } from 'vitest'
import { schemaFindings } from '#core/check/schema-findings.ts'
import { sayFinding } from '#core/check/finding.ts'
import { ClusterDocument } from '#core/model/document.ts'
import { NodeSettings } from '#core/model/talos-settings.ts'
import {
  clusterWith,
  EVERY_KUBERNETES_SETTING,
  EVERY_NODE_SETTING,
  EVERY_TALOS_SETTING,
} from '#test/support/cluster-spec.ts'

const errorsOf = (changes: Parameters<typeof clusterWith>[0]): readonly string[] => {
  const document = clusterWith(changes)
  const parsed = ClusterDocument.safeParse(document)
  if (parsed.success) return []
  return schemaFindings(parsed.error.issues, document).map(
    (found) => `${found.path.slice(1).join('.')}  ${sayFinding(found)}`,
  )
}

describe('the settings of a cluster', () => {
  test('are all optional, and a document without them is stored as it was written', () => {
    expect(ClusterDocument.parse(clusterWith({}))).toEqual(clusterWith({}))
  })

  test('are taken all together', () => {
    const patches = [{ machine: { sysfs: { a: 'b' } } }]
    const whole = clusterWith({
      talos: { ...EVERY_TALOS_SETTING, workloadIsolation: false, patches },
      kubernetes: EVERY_KUBERNETES_SETTING,
      controlPlane: { ...EVERY_NODE_SETTING, patches },
      machinePatches: { 'cp-1': patches },
    })
    expect(ClusterDocument.parse(whole)).toEqual(whole)
  })

  test('of a kind of node are one schema, which sets of workers can share', () => {
    expect(NodeSettings.safeParse({ ...EVERY_NODE_SETTING, patches: [] }).success).toBe(true)
  })

  test.each<readonly [string, Parameters<typeof clusterWith>[0], string]>([
    [
      'a passphrase',
      { talos: { diskEncryption: { state: [{ kind: 'passphrase', passphrase: 'x' }] } } },
      'talos.diskEncryption.state.0.kind  a passphrase is a secret, and documents are stored where no secret belongs; use node-id, tpm or kms instead',
    ],
    [
      'an unknown kind of key',
      { talos: { diskEncryption: { state: [{ kind: 'nodeid' }] } } },
      'talos.diskEncryption.state.0.kind  must be "node-id" or "tpm" or "kms"; did you mean "node-id"?',
    ],
    [
      'a KMS without its address',
      { talos: { diskEncryption: { ephemeral: [{ kind: 'kms' }] } } },
      'talos.diskEncryption.ephemeral.0.endpoint  the kind kms needs the address of its service',
    ],
    [
      'STATE that is locked to itself',
      { talos: { diskEncryption: { state: [{ kind: 'tpm', lockToState: true }] } } },
      'talos.diskEncryption.state  lockToState is for ephemeral: STATE cannot be locked to itself',
    ],
    [
      'a number as a kernel parameter',
      { talos: { sysctls: { 'vm.swappiness': 10 } } },
      'talos.sysctls.vm.swappiness  must be text, not a number; put it in quotes: "10"',
    ],
    [
      'a custom network without manifests',
      { kubernetes: { cni: { name: 'custom' } } },
      'kubernetes.cni.urls  the name custom needs the manifests of the network',
    ],
    [
      'two networks for pods',
      { kubernetes: { podSubnets: ['10.1.0.0/16', '10.2.0.0/16'] } },
      'kubernetes.podSubnets  takes exactly 1 entry',
    ],
    [
      'the label that says the role',
      { controlPlane: { nodeLabels: { 'node-role.kubernetes.io/control-plane': '' } } },
      'controlPlane.nodeLabels.node-role.kubernetes.io/control-plane  is set by spec.controlPlane.schedulable',
    ],
    [
      'a taint without an effect',
      { controlPlane: { nodeTaints: { gpu: 'yes' } } },
      'controlPlane.nodeTaints.gpu  must be NoSchedule, PreferNoSchedule or NoExecute, perhaps after a value and a colon',
    ],
    [
      'YAML text in a stored patch',
      { talos: { patches: ['machine: {}'] } },
      'talos.patches.0  must be a map, not text',
    ],
    [
      'too many patches',
      { talos: { patches: Array.from({ length: 33 }, () => ({})) } },
      'talos.patches  takes at most 32 entries',
    ],
    [
      'a patch that is a tower',
      { talos: { patches: [JSON.parse(`${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`) as object] } },
      'talos.patches.0  is nested deeper than 32 levels',
    ],
    ['a misspelt setting', { talos: { sysctl: {} } }, 'talos.sysctl  unknown field; did you mean "sysctls"?'],
  ])('refuse %s with a sentence', (_, changes, expected) => {
    expect(errorsOf(changes)).toEqual(expect.arrayContaining([expected]))
  })
})
