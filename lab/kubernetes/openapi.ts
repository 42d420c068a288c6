import { apiVersionOf, RESOURCES, type ApiResource } from './resources.ts'

/**
 * As much of OpenAPI v3 as `kubectl apply` reads before it sends anything: which kinds can be patched, and that the server
 * takes it upon itself to judge the fields. No schemas; `kubectl explain` finds none.
 */
const ROOT = '/openapi/v3'
/** Source: Kubernetes API conventions, field validation; kubectl asks each server for it by this parameter. */
const FIELD_VALIDATION = { name: 'fieldValidation', in: 'query', schema: { type: 'string' } }
/** Not the strategic one: for that clients want schemas here, and without it they use those that they were built with. */
const PATCHES = ['application/merge-patch+json']

const VERSIONS = [...new Set(RESOURCES.map(apiVersionOf))]
const placeOf = (apiVersion: string): string => (apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`)

/** The answer for a path of OpenAPI, or undefined when there is none. */
export function openApi(path: string): unknown {
  if (path === ROOT)
    return {
      paths: Object.fromEntries(
        VERSIONS.map((apiVersion) => {
          const place = placeOf(apiVersion)
          return [place, { serverRelativeURL: `${ROOT}/${place}` }]
        }),
      ),
    }
  const apiVersion = VERSIONS.find((one) => path === `${ROOT}/${placeOf(one)}`)
  if (apiVersion === undefined) return undefined
  const resources = RESOURCES.filter((resource) => apiVersionOf(resource) === apiVersion)
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'lab' },
    paths: Object.fromEntries(
      resources
        .filter(({ verbs }) => verbs.includes('patch'))
        .map((resource) => [objectPath(resource), { patch: patchOf(resource) }]),
    ),
  }
}

function objectPath(resource: ApiResource): string {
  const scope = resource.namespaced ? 'namespaces/{namespace}/' : ''
  return `/${placeOf(apiVersionOf(resource))}/${scope}${resource.plural}/{name}`
}

const patchOf = ({ group, version, kind }: ApiResource) => ({
  parameters: [FIELD_VALIDATION],
  requestBody: { content: Object.fromEntries(PATCHES.map((type) => [type, {}])) },
  responses: {},
  'x-kubernetes-group-version-kind': { group, version, kind },
})
