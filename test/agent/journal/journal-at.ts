import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { noBoundary, type Boundary } from '#agent/crash-points.ts'
import type { AcceptedOffer, Journal } from '#agent/journal/journal.ts'
import { openJournal } from '#agent/journal/open-journal.ts'

export const CLUSTER = '0123456789abcdefghjk'
export const MACHINE = '3f2b8c1e-5f0a-4b7d-9c3e-0a1b2c3d4e5f'

/** A directory of its own that goes away with the test. */
export function aStateDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'lanline-agent-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export function aJournal(
  stateDir = aStateDir(),
  { boundary = noBoundary, now = Date.now }: { boundary?: Boundary; now?: () => number } = {},
): Journal {
  const opened = openJournal(stateDir, { now, boundary })
  if (!opened.ok) throw new Error(`${opened.error.reason}: ${opened.error.text}`)
  return opened.value
}

export const anOffer = (number = 1, changes: Partial<AcceptedOffer> = {}): AcceptedOffer => ({
  operationId: `${CLUSTER}-${number}`,
  kind: 'machine.start',
  clusterUid: CLUSTER,
  clusterFence: 1,
  sessionEpoch: 1,
  attempt: 1,
  deadlineMs: 60_000,
  input: { machineId: MACHINE, name: 'cp-1', host: 'pve', vmid: 5000 },
  ...changes,
})
