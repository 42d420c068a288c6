import { describe, expect, test } from 'vitest'
import { changesBetween } from '#cli/live/changes.ts'
import { renderCluster } from '#cli/live/render-cluster.ts'
import { liveBlock } from '#cli/live/terminal.ts'
import type { ClusterStatus, MachineStatus } from '#core/model/status.ts'

const NOW = 1_000_000

const ESCAPE = '\u001b'
const PIECES = new RegExp(`${ESCAPE}\\[\\??\\d+[A-Za-z]|\\r|\\n|[^${ESCAPE}\\r\\n]+`, 'g')
const UP = new RegExp(`^${ESCAPE}\\[(\\d+)A$`)

const aMachine = (name: string, changes: Partial<MachineStatus> = {}): MachineStatus => ({
  name,
  machineId: `id of ${name}`,
  role: 'controlplane',
  phase: 'ready',
  address: '192.168.1.51',
  host: 'prod-srv-01',
  ...changes,
})

const creating: MachineStatus['operation'] = {
  operationId: '0c000000000000000001-7',
  kind: 'machine.create',
  state: 'running',
  step: 'importing the disk',
  since: NOW - 34_000,
}

const aStatus = (changes: Partial<ClusterStatus> = {}): ClusterStatus => ({
  phase: 'creating',
  observedGeneration: 1,
  bootstrapped: false,
  machines: [aMachine('talos-node-0'), aMachine('n-1', { phase: 'reserved', operation: creating })],
  waiting: [],
  findings: [],
  ...changes,
})

describe('renderCluster', () => {
  test('shows each machine with its step and the time of it', () => {
    expect(renderCluster(aStatus(), NOW, { name: 'home', startedAt: NOW - 61_000 })).toEqual([
      'home  ◐ creating  1 of 2 machines ready  1m 01s',
      '  talos-node-0  ✓ ready     192.168.1.51 on prod-srv-01',
      '  n-1           · reserved  machine.create: importing the disk  34s',
    ])
  })

  test('shows holds with their reason and what ends them, those that need a person first', () => {
    const status = aStatus({
      machines: [],
      waiting: [
        { code: 'operation-running', subject: 'n-1', facts: {}, since: NOW },
        { code: 'agent-offline', subject: 'home', facts: { site: 'attic', lastSeenAt: null }, since: NOW - 5_000 },
        { code: 'needs-human', subject: 'n-1', facts: { operationId: '0c000000000000000001-7' }, since: NOW },
      ],
    })
    expect(renderCluster(status, NOW)).toEqual([
      '◐ creating  0 of 0 machines ready',
      '  waits: n-1  The operation failed in a way that repeating cannot mend (operationId: 0c000000000000000001-7).  0s',
      '         Mend the cause named, then: lanline operations retry 0c000000000000000001-7, or abandon 0c000000000000000001-7.',
      '  waits: home  The agent of the site is not connected (site: attic).  5s',
      '         Start the agent, or enrol one: lanline agent enroll attic.',
    ])
  })
})

describe('changesBetween', () => {
  test('gives one plain line a change and none for equal looks', () => {
    const before = aStatus()
    const after = aStatus({
      phase: 'ready',
      machines: [aMachine('talos-node-0'), aMachine('n-1')],
      waiting: [{ code: 'agent-offline', subject: 'home', facts: {}, since: NOW }],
    })
    expect(changesBetween('home', before, before)).toEqual([])
    expect(changesBetween('home', before, after)).toEqual([
      'home: ready',
      'home/n-1: ready',
      'home: waits: home: The agent of the site is not connected. Start the agent, or enrol one: lanline agent enroll SITE.',
    ])
    expect(changesBetween('home', after, aStatus({ phase: 'ready', machines: [aMachine('n-1')] }))).toEqual([
      'home/talos-node-0: gone',
    ])
  })
})

describe('liveBlock', () => {
  /** A screen that keeps its lines the way a terminal does for the sequences that are used. */
  function aScreen(columns: number, rows: number) {
    const lines: string[] = ['']
    let writes = 0
    const write = (text: string) => {
      writes++
      for (const [part = ''] of text.matchAll(PIECES)) {
        const up = UP.exec(part)
        if (up) at -= Number(up[1])
        else if (part === '\n') lines[++at] ??= ''
        else if (part === '\u001b[0J') lines.splice(at, Infinity, '')
        else if (!part.startsWith('\u001b') && part !== '\r') lines[at] += part
      }
    }
    let at = 0
    return { columns, rows, write, lines, writeCount: () => writes }
  }

  test('draws over itself, cuts to the screen, and leaves the last lines', () => {
    const screen = aScreen(10, 4)
    const block = liveBlock(screen)
    block.draw(['one', 'two', 'three', 'four', 'five'])
    block.draw(['a line that is too long', 'two'])
    block.draw(['a line that is too long', 'two'])
    block.end()
    block.draw(['never'])
    expect(screen.lines).toEqual(['a line t…', 'two', ''])
    expect(screen.writeCount()).toBe(2)
  })
})
