import { expect, test } from 'vitest'
import { discovery } from '#lab/kubernetes/discovery.ts'
import { apiVersionOf, RESOURCES } from '#lab/kubernetes/resources.ts'

interface Root {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>
}
interface Part {
  readonly paths: Readonly<
    Record<
      string,
      { patch: { parameters: { name: string }[]; 'x-kubernetes-group-version-kind': { group: string; kind: string } } }
    >
  >
}

test('every kind that can be patched says that the server judges its fields, so that kubectl apply sends it', () => {
  const root = discovery('/openapi/v3', '1.36.3') as Root
  const seen = Object.values(root.paths).flatMap(({ serverRelativeURL }) =>
    Object.values((discovery(serverRelativeURL, '1.36.3') as Part).paths)
      .filter(({ patch }) => patch.parameters.some(({ name }) => name === 'fieldValidation'))
      .map(({ patch }) => patch['x-kubernetes-group-version-kind'].kind),
  )
  expect(seen.toSorted()).toEqual(
    RESOURCES.filter(({ verbs }) => verbs.includes('patch'))
      .map(({ kind }) => kind)
      .toSorted(),
  )
  expect(Object.keys(root.paths)).toHaveLength(new Set(RESOURCES.map(apiVersionOf)).size)
})

test('a path of OpenAPI that is not there is not found', () => {
  expect(discovery('/openapi/v2', '1.36.3')).toBeUndefined()
})
