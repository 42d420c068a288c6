import type { ClusterStatusView } from '../api/views.ts'
import { printable } from '../output/text.ts'
import { sayHold } from './words.ts'

/**
 * What changed between two looks at a cluster, one plain line each: the live view for logs and pipes. Equal looks give
 * no line.
 */
export function changesBetween(
  name: string,
  before: ClusterStatusView | undefined,
  after: ClusterStatusView,
): readonly string[] {
  const lines: string[] = []
  if (before?.phase !== after.phase) lines.push(`${name}: ${printable(after.phase)}`)

  const known = new Map((before?.machines ?? []).map((machine) => [machine.name, machine]))
  for (const machine of after.machines) {
    const old = known.get(machine.name)
    const label = `${name}/${printable(machine.name)}`
    if (old?.phase !== machine.phase) lines.push(`${label}: ${printable(machine.phase)}`)
    const { operation } = machine
    if (operation && (operation.kind !== old?.operation?.kind || operation.step !== old.operation.step))
      lines.push(`${label}: ${operation.kind}: ${printable(operation.step ?? operation.state)}`)
    known.delete(machine.name)
  }
  for (const left of known.keys()) lines.push(`${name}/${printable(left)}: gone`)

  const idOf = (hold: { readonly code: string; readonly subject: string }) => `${hold.code} ${hold.subject}`
  const old = new Set((before?.waiting ?? []).map(idOf))
  for (const hold of after.waiting) {
    if (old.has(idOf(hold)) || hold.code === 'operation-running') continue
    const { says, unblock } = sayHold(hold)
    lines.push(`${name}: waits: ${printable(hold.subject)}: ${says}${unblock === '' ? '' : ` ${unblock}`}`)
  }
  return lines
}
