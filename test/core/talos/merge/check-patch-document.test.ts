import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import type { Json } from '#core/base/canonical-json.ts'
import { checkOwnedFields } from '#core/talos/merge/check-owned-fields.ts'
import { checkPatchDocument } from '#core/talos/merge/check-patch-document.ts'
import { OWNED_FIELDS } from '#core/talos/merge/owned-fields.ts'
import { LEGACY } from '#core/talos/merge/types/notation.ts'

type Patch = { readonly [key: string]: Json }
const said = (yaml: string): readonly string[] =>
  checkPatchDocument(parse(yaml) as Patch).map(({ path, message, hint }) =>
    [path.join('.'), message, ...(hint === undefined ? [] : [hint])].join('  '),
  )

describe('a patch by itself', () => {
  test.each([
    'machine: {certSANs: [my.example], sysctls: {a: "1"}, kubelet: {extraArgs: {v: "4", feature-gates: [A=true]}}}',
    'machine: {type: null, network: null}',
    'machine: {kubelet: {extraConfig: {serializeImagePulls: false, nested: {list: [1, {a: b}]}}}}',
    'machine: {network: {extraHostEntries: [{ip: 1.2.3.4, aliases: [x], $patch: delete}]}}',
    'cluster: {inlineManifests: [{name: mine, contents: x}], apiServer: {certSANs: [x]}}',
    'apiVersion: v1alpha1\nkind: LinkConfig\nname: eth1\nmtu: 9000',
    'apiVersion: v1alpha1\nkind: SysctlConfig\n$patch: delete',
    'apiVersion: v1alpha1\nkind: KubeSchedulerConfig\nconfig: {profiles: [{schedulerName: x}]}',
  ])('has no fault in %s', (yaml) => {
    expect(said(yaml)).toEqual([])
  })

  test.each([
    ['machine: {sysctl: {}}', 'machine.sysctl  unknown field of Talos  did you mean "sysctls"?'],
    ['machine: {sysctls: [a]}', 'machine.sysctls  must be a map'],
    ['machine: {kubelet: {extraMounts: {}}}', 'machine.kubelet.extraMounts  must be a list'],
    ['machine: {install: {wipe: "no"}}', 'machine.install.wipe  must be true or false'],
    ['machine: {features: {kubePrism: {port: "1"}}}', 'machine.features.kubePrism.port  must be a whole number'],
    ['machine: {sysctls: {a: [1]}}', 'machine.sysctls.a  must be text'],
    [
      'kind: SysctlsConfig\napiVersion: v1alpha1',
      'kind  is no document of Talos 1.12 to 1.14  did you mean "SysctlConfig"?',
    ],
    ['kind: SysctlConfig', 'apiVersion  must be v1alpha1'],
    ['nonsense: 1', '  needs machine or cluster, or apiVersion and kind of another document'],
    [
      '{op: add, path: /machine/env, value: 1}',
      '  is a JSON Patch, which Talos refuses for its configurations of several documents; write a strategic merge patch',
    ],
    ['$patch: delete\nmachine: {}', '  is the main document, which cannot be deleted'],
    [
      'apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\nencryption: {provider: luks2, keys: [{slot: 0, static: {passphrase: x}}]}',
      'encryption.keys.0.static.passphrase  is a secret, and patches are stored where no secret belongs; a key of nodeID, tpm or kms needs none',
    ],
    ['machine: {env: {$patch: remove}}', 'machine.env.$patch  must be delete'],
    [
      'machine: {network: {extraHostEntries: [{$patch: delete}]}}',
      'machine.network.extraHostEntries.0  needs a field beside $patch by which the item is found',
    ],
    [
      'machine: {files: [{permissions: {$patch: delete}}]}',
      'machine.files.0.permissions  is inside an item of a list, where nothing can be deleted; delete the item',
    ],
  ])('has a fault in %s', (yaml, expected) => {
    expect(said(yaml)).toEqual([expected])
  })

  test('every owned field is refused with its reason, set or deleted, unless adding to it is free', () => {
    for (const field of OWNED_FIELDS) {
      const name = field.named ? { name: field.named.source.includes('net') ? 'net0' : 'lanline-x' } : {}
      const head = field.kind === LEGACY ? {} : { apiVersion: LEGACY, kind: field.kind, ...name }
      const within = (value: Json): Patch =>
        field.path.length === 0
          ? { ...head, ...(value as Patch) }
          : { ...head, ...(field.path.reduceRight<Json>((inner, key) => ({ [key]: inner }), value) as Patch) }
      const deleted = checkPatchDocument(within({ $patch: 'delete' }))
      expect(deleted.map(({ code, message }) => `${code} ${message}`)).toEqual([
        `owned-field is not for patches: ${field.reason}`,
      ])
    }
  })

  // The door in the cloud asks this one, the agent and the CLI ask the other.
  test.each([
    'machine: {type: worker}',
    'machine: {ca: {crt: Zm9v}}',
    'machine: {kubelet: {nodeIP: {validSubnets: [10.0.0.0/8]}}}',
    'machine: {kubelet: {$patch: delete}}',
    'cluster: {controlPlane: {endpoint: "https://x:6443"}}',
    'machine: {certSANs: {$patch: delete}}',
    'cluster: {inlineManifests: [{name: lanline-access, $patch: delete}]}',
    'apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: x',
    'apiVersion: v1alpha1\nkind: HostnameConfig\n$patch: delete',
    'apiVersion: v1alpha1\nkind: LinkConfig\nname: net0\nmtu: 9000',
    'apiVersion: v1alpha1\nkind: ResolverConfig\nnameservers: [{address: 1.1.1.1}]',
    'machine: {certSANs: [a], env: {A: b}}',
  ])('both doors judge %s alike', (yaml) => {
    const ours = checkPatchDocument(parse(yaml) as Patch).map(({ code, message }) => `${code} ${message}`)
    const theirs = checkOwnedFields(yaml).map((found) =>
      found.code === 'owned-field' ? `owned-field is not for patches: ${found.reason}` : found.code,
    )
    expect(ours).toEqual(theirs)
  })
})
