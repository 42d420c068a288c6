import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ROLES } from '#core/access/role.ts'
import { ACCESS_MANIFEST, GROUP_OF, TALOS_ROLE_OF } from '#core/talos/cluster-access.ts'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}
interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly rules?: readonly Rule[]
  readonly roleRef?: { readonly name: string }
  readonly subjects?: readonly { readonly kind: string; readonly name: string }[]
}

const manifests = parseAllDocuments(ACCESS_MANIFEST.contents).map((document) => document.toJS() as Manifest)
const bindings = manifests.filter(({ kind }) => kind === 'ClusterRoleBinding')
const rolesOf = (group: string) =>
  bindings.flatMap(({ subjects, roleRef }) => (subjects?.some(({ name }) => name === group) ? [roleRef?.name] : []))

test('[K5] each role has its group, bound to exactly what it may do, and nobody is bound to system:masters', () => {
  expect(Object.fromEntries(ROLES.map((role) => [GROUP_OF[role], rolesOf(GROUP_OF[role])]))).toEqual({
    'lanline:reader': ['view', 'lanline-reader-nodes'],
    'lanline:operator': ['edit', 'lanline-operator-nodes'],
    'lanline:admin': ['cluster-admin'],
  })
  const subjects = bindings.flatMap((each) => each.subjects ?? [])
  expect(subjects.every(({ kind, name }) => kind === 'Group' && name.startsWith('lanline:'))).toBe(true)
  expect(bindings.map(({ metadata }) => metadata.name)).toHaveLength(
    new Set(bindings.map((each) => each.metadata.name)).size,
  )
})

test('[K5] a reader only reads, and neither reader nor operator gets secrets, rights or wildcards beyond namespaces', () => {
  const rules = new Map(manifests.flatMap(({ metadata, rules: own }) => (own ? [[metadata.name, own] as const] : [])))
  expect([...rules.keys()]).toEqual(['lanline-operator-nodes', 'lanline-reader-nodes'])
  for (const rule of rules.get('lanline-reader-nodes') ?? []) expect(rule.verbs).toEqual(['get', 'list', 'watch'])
  const all = [...rules.values()].flat()
  const names = all.flatMap(({ resources, apiGroups, verbs }) => [...resources, ...apiGroups, ...verbs])
  for (const never of ['*', 'secrets', 'rbac.authorization.k8s.io', 'escalate', 'bind', 'impersonate', 'delete'])
    expect(names).not.toContain(never)
  const changing = all.filter(({ verbs }) => verbs.some((verb) => !['get', 'list', 'watch'].includes(verb)))
  expect(changing.map(({ resources, verbs }) => `${verbs.join()} ${resources.join()}`)).toEqual([
    'patch nodes',
    'create pods/eviction',
  ])
})

test('[K5] each role is one role of Talos', () => {
  expect(TALOS_ROLE_OF).toEqual({ reader: 'os:reader', operator: 'os:operator', admin: 'os:admin' })
})
