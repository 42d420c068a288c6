import { describe, expect, test } from 'vitest'
import { checkOwnedFields } from '#core/talos/merge/check-owned-fields.ts'
import { OWNED_FIELDS } from '#core/talos/merge/owned-fields.ts'
import { sayPatchProblem } from '#core/talos/merge/patch-problem.ts'
import { applyPatchLevels } from '#core/talos/merge/patch-levels.ts'
import { LEGACY, type FieldType } from '#core/talos/merge/types/notation.ts'
import { fieldsOf, typeTable } from '#core/talos/merge/types/table.ts'

const said = (patch: string): readonly string[] => checkOwnedFields(patch).map(sayPatchProblem)

describe('fields that Lanline decides', () => {
  test.each([
    ['machine: {type: worker}', 'machine.type of v1alpha1'],
    ['machine: {ca: {crt: Zm9v}}', 'machine.ca of v1alpha1'],
    ['machine: {kubelet: {nodeIP: {validSubnets: [10.0.0.0/8]}}}', 'machine.kubelet.nodeIP of v1alpha1'],
    ['machine: {kubelet: {$patch: delete}}', 'machine.kubelet.image of v1alpha1'],
    ['cluster: {controlPlane: {endpoint: "https://x:6443"}}', 'cluster.controlPlane.endpoint of v1alpha1'],
    ['machine: {certSANs: {$patch: delete}}', 'machine.certSANs of v1alpha1'],
    ['apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: x', 'v1alpha1/HostnameConfig'],
    ['apiVersion: v1alpha1\nkind: HostnameConfig\n$patch: delete', 'v1alpha1/HostnameConfig'],
    ['apiVersion: v1alpha1\nkind: LinkConfig\nname: net0\nmtu: 9000', 'v1alpha1/LinkConfig/net0'],
    ['[{"op":"replace","path":"/cluster/secret","value":"x"}]', 'cluster.secret of v1alpha1'],
    ['[{"op":"remove","path":"/machine"}]', 'machine.type of v1alpha1'],
    ['- {op: move, from: /cluster/token, path: /machine/env/x}', 'cluster.token of v1alpha1'],
  ])('are refused in the patch %s', (patch, where) => {
    expect(said(patch).join('\n')).toContain(`${where} is not for patches: `)
  })

  test.each([
    'machine: {certSANs: [my.example], sysctls: {a: "1"}, kubelet: {extraArgs: {v: "4"}}}',
    'machine: {type: null}',
    'cluster: {inlineManifests: [{name: mine, contents: x}], apiServer: {certSANs: [x]}}',
    'apiVersion: v1alpha1\nkind: LinkConfig\nname: eth1\nmtu: 9000',
    'apiVersion: v1alpha1\nkind: ResolverConfig\nsearchDomains: {domains: [x]}',
    '[{"op":"add","path":"/machine/certSANs/-","value":"x"}]',
    '[{"op":"test","path":"/machine/type","value":"worker"}]',
    '# nothing',
  ])('are not in the patch %s', (patch) => {
    expect(said(patch)).toEqual([])
  })

  test('exist: every entry of the table names a field of its document, with a reason', () => {
    for (const { kind, path, reason } of OWNED_FIELDS) {
      expect(kind === LEGACY || typeTable().kinds.has(kind)).toBe(true)
      expect(reason).not.toBe('')
      let name: string | undefined = kind
      for (const part of path) {
        const type: FieldType | undefined = name === undefined ? undefined : fieldsOf(name).get(part)?.type
        expect(type, `${kind}.${path.join('.')}`).toBeDefined()
        const inner: FieldType | undefined = type?.kind === 'pointer' ? type.to : type
        name = inner?.kind === 'struct' ? inner.name : undefined
      }
    }
  })
})

describe('levels', () => {
  const levels = (cluster: readonly string[], set: readonly string[], machine: readonly string[]) =>
    applyPatchLevels('machine: {type: worker}\n', { cluster, set, machine })

  test('go cluster, set, machine: the special one has the last word', () => {
    const label = (text: string) => [`machine: {nodeLabels: {level: ${text}, ${text}: "1"}}`]
    const patched = levels(label('cluster'), label('set'), label('machine'))
    expect(patched.ok && patched.value).toContain('level: machine')
    expect(patched.ok && patched.value).toContain('cluster: "1"')
  })

  test('name the patch that touches an owned field', () => {
    expect(levels([], ['machine: {env: {A: b}}', 'cluster: {id: x}'], [])).toMatchObject({
      ok: false,
      error: { level: 'set', problem: { code: 'owned-field', where: 'cluster.id', patch: 1 } },
    })
  })
})
