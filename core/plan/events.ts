import type { ClusterEvent } from '../model/event.ts'
import { HOLD_KINDS, type Hold } from '../model/hold.ts'
import type { ClusterStatus } from '../model/status.ts'

/** The transitions between two statuses, as lines of the cluster's story. `seq` is given by whoever keeps them. */
export function eventsBetween(
  clusterName: string,
  before: ClusterStatus | undefined,
  after: ClusterStatus,
  at: number,
): readonly ClusterEvent[] {
  const events: ClusterEvent[] = []
  const tell = (type: ClusterEvent['type'], subject: string, text: string, facts: ClusterEvent['facts'] = {}) =>
    events.push({ at, type, subject, text, facts })

  for (const machine of after.machines) {
    const was = before?.machines.find((other) => other.machineId === machine.machineId)
    if (was?.phase !== machine.phase)
      tell('machine', machine.name, `${machine.name}: ${was ? `${was.phase} → ` : ''}${machine.phase}`, {
        machineId: machine.machineId,
        phase: machine.phase,
      })
  }
  for (const was of before?.machines ?? [])
    if (!after.machines.some((machine) => machine.machineId === was.machineId))
      tell('machine', was.name, `${was.name}: ${was.phase} → gone`, { machineId: was.machineId, phase: 'gone' })

  for (const hold of after.waiting)
    if (!before?.waiting.some(same(hold)))
      tell('hold', hold.subject, `${hold.subject} waits: ${HOLD_KINDS[hold.code].says}`, {
        ...hold.facts,
        code: hold.code,
      })
  for (const finding of after.findings)
    if (!before?.findings.some((other) => other.text === finding.text))
      tell('finding', clusterName, finding.text, finding.facts)
  if (before?.phase !== after.phase)
    tell('phase', clusterName, `${clusterName}: ${before ? `${before.phase} → ` : ''}${after.phase}`, {
      phase: after.phase,
    })
  return events
}

const same = (hold: Hold) => (other: Hold) => other.code === hold.code && other.subject === hold.subject
