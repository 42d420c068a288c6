import { canonicalJson } from '#core/base/canonical-json.ts'
import type { Document } from '#core/model/document.ts'
import { contractForNewCluster } from '#core/talos/versions.ts'
import type { FieldError, Path } from '../http.ts'
import { fieldError } from './issues.ts'
import { findBefore, type World } from './world.ts'

/** Versions are in the supported range (P9). A cluster that keeps its versions is left alone, whatever the range is now. */
export function checkVersions(document: Document, at: Path, world: World): readonly FieldError[] {
  if (document.kind !== 'Cluster') return []
  const { talos, kubernetes } = document.spec
  const before = findBefore(world, document)?.stored
  if (before?.kind === 'Cluster') {
    const now = [before.spec.talos.version, before.spec.kubernetes.version]
    if (canonicalJson(now) === canonicalJson([talos.version, kubernetes.version])) return []
  }
  const found = contractForNewCluster(talos.version, kubernetes.version)
  if (found.ok) return []
  const { field, version, supported } = found.error.facts
  const path = [...at, 'spec', field === 'kubernetes' ? 'kubernetes' : 'talos', 'version']
  const range = Array.isArray(supported) ? supported.join(', ') : String(supported)
  const beside = field === 'kubernetes' ? ` with Talos ${talos.version}` : ''
  return [fieldError(path, `${String(version)} is not supported${beside}; supported: ${range}`, 'unsupported-version')]
}
