import { apiVersionOf, RESOURCES } from './resources.ts'
import { openApi } from './openapi.ts'
import { SUBRESOURCES } from './subresources.ts'

/** The answers by which clients learn what this API serves; the older, unaggregated form, which all of them still read. */
const GROUPS = [...new Set(RESOURCES.filter((resource) => resource.group !== '').map(apiVersionOf))]

const resourceList = (groupVersion: string) => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources: RESOURCES.filter((resource) => apiVersionOf(resource) === groupVersion).flatMap((resource) => [
    {
      name: resource.plural,
      singularName: resource.singular,
      namespaced: resource.namespaced,
      kind: resource.kind,
      verbs: resource.verbs,
      shortNames: resource.shortNames,
    },
    ...SUBRESOURCES.filter(({ of }) => of === resource.plural).map(({ name, group, version, kind, verbs }) => ({
      name: `${resource.plural}/${name}`,
      singularName: '',
      namespaced: resource.namespaced,
      ...(group === undefined ? {} : { group, version }),
      kind,
      verbs,
    })),
  ]),
})

const groupOf = (groupVersion: string) => {
  const [name, version] = groupVersion.split('/')
  const entry = { groupVersion, version }
  return { name, versions: [entry], preferredVersion: entry }
}

/** The answer for a discovery path, or undefined when the path is none. */
export function discovery(path: string, kubernetesVersion: string): unknown {
  if (path === '/version') {
    const [major, minor] = kubernetesVersion.split('.')
    return {
      major,
      minor,
      gitVersion: `v${kubernetesVersion}`,
      platform: 'linux/amd64',
      compiler: 'gc',
      goVersion: 'go1.26',
    }
  }
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(groupOf) }
  if (path === '/api/v1') return resourceList('v1')
  if (path.startsWith('/openapi/')) return openApi(path)
  const group = GROUPS.find((one) => path === `/apis/${one}`)
  return group === undefined ? undefined : resourceList(group)
}
