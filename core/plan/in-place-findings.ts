import type { DriftSeen } from '../model/seen.ts'
import type { Finding } from '../model/status.ts'
import { sayChanges } from '../model/machine-shape.ts'
import { changesInPlace, driftOfMachine, isCorrectable } from './in-place.ts'
import type { Situation } from './rule.ts'

/** What people should know before machines are restarted, and what somebody changed behind Lanline's back (P21). */
export const inPlaceFindings = (situation: Situation): readonly Finding[] => [
  ...restartFinding(situation),
  ...(situation.documents.cluster.spec.drift === 'ignore' ? [] : driftFindings(situation)),
]

function restartFinding(situation: Situation): readonly Finding[] {
  const coming = changesInPlace(situation).filter(({ restart }) => restart !== 'never')
  if (coming.length === 0) return []
  const machines = coming.map(({ machine }) => machine.name)
  const what = [
    ...new Set(
      coming.flatMap(({ asked }) =>
        asked === undefined ? ['what others changed'] : asked === 'unknown' ? ['their class'] : [sayChanges(asked)],
      ),
    ),
  ]
  const controlPlanes = situation.wanted.filter(({ role }) => role === 'controlplane')
  const only = controlPlanes.length === 1 && machines.includes(controlPlanes[0]!.name)
  const text =
    `${machines.join(', ')} ${machines.length === 1 ? 'is' : 'are'} power cycled, ` +
    `${machines.length === 1 ? '' : 'one after the other, '}for: ${what.join('; ')}.` +
    (only ? ' There is one control plane: the Kubernetes API is away meanwhile.' : '')
  return [{ code: 'restart-planned', text, facts: { machines, what } }]
}

/** Only what stays: what is about to be changed back is told by its operation. */
function driftFindings(situation: Situation): readonly Finding[] {
  const correcting = situation.documents.cluster.spec.drift === 'correct'
  return situation.wanted.flatMap((machine): readonly Finding[] => {
    const drift = driftOfMachine(situation, machine).filter((one) => !correcting || !isCorrectable(one))
    if (drift.length === 0) return []
    const advice = drift.some(isCorrectable)
      ? 'Change it back on the host, or have Lanline do it: spec.drift: correct.'
      : 'Change it back on the host, or remove the machine and let it be made anew.'
    return [
      {
        code: 'drift',
        text: `${machine.name} is not what it was made: ${drift.map(sayDrift).join('; ')}. ${advice}`,
        facts: { machine: machine.name, attributes: drift.map(({ attribute }) => attribute) },
      },
    ]
  })
}

const sayDrift = ({ attribute, wanted, seen, waits }: DriftSeen): string =>
  `${attribute} is ${say(seen)}, should be ${say(wanted)}${waits ? ' and waits for a power cycle' : ''}`

const say = (value: string | undefined): string => (value === undefined ? 'not there' : value === '' ? 'empty' : value)
