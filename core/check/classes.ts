import type { Document } from '../model/document.ts'
import { faultOfStorage, faultOfWhere } from '../placement/expressions.ts'
import { finding, type Finding, type Path } from './finding.ts'

/** The expressions of a machine class, before anything is placed by them. What they choose, only a site can say. */
export function checkClasses(document: Document): readonly Finding[] {
  if (document.kind !== 'MachineClass') return []
  const { where, disks } = document.spec
  return [
    ...fault(where, faultOfWhere, ['spec', 'where']),
    ...disks.flatMap(({ storage }, index) => fault(storage, faultOfStorage, ['spec', 'disks', index, 'storage'])),
  ]
}

function fault(
  expression: string | undefined,
  faultOf: (expression: string) => string | undefined,
  path: Path,
): readonly Finding[] {
  const found = expression === undefined ? undefined : faultOf(expression)
  return found === undefined ? [] : [finding(path, `the expression cannot be used: ${found}`)]
}
