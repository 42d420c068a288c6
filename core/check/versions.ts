import type { Document } from '../model/document.ts'
import { contractForNewCluster } from '../talos/versions.ts'
import { finding, type Finding } from './finding.ts'

/** Versions of a cluster are in the supported range (P9). */
export function checkVersions(document: Document): readonly Finding[] {
  if (document.kind !== 'Cluster') return []
  const { talos, kubernetes } = document.spec
  const found = contractForNewCluster(talos.version, kubernetes.version)
  if (found.ok) return []
  const { field, version, supported } = found.error.facts
  const range = Array.isArray(supported) ? supported.join(', ') : String(supported)
  const beside = field === 'kubernetes' ? ` with Talos ${talos.version}` : ''
  return [
    finding(
      ['spec', field === 'kubernetes' ? 'kubernetes' : 'talos', 'version'],
      `${String(version)} is not supported${beside}; supported: ${range}`,
      { code: 'unsupported-version' },
    ),
  ]
}
