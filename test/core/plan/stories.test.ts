import { describe, expect, test } from 'vitest'
import type { Plan } from '#core/plan/plan-type.ts'
import { aCluster, aMachineClass } from '../../support/documents.ts'
import { createWorld } from '../../support/plan-world.ts'
import { seededRandom, seeds } from '../../support/random.ts'

/**
 * Each seed is a story: effects come late, news is lost, the agent leaves and returns, the owner changes the cluster or
 * deletes it. Whatever happens, the invariants hold at each step and the story ends as its owner wanted.
 */
const STEPS_MAX = 4_000

/** An idle cluster costs nothing: no operation, no reason to wait, no alarm. */
const IDLE = { operations: [], cancel: [], forget: [], holds: [], findings: [] }

function tell(
  seed: number,
  options: { trouble: number; ending: 'ready' | 'gone'; changes: boolean; sizes?: boolean },
): Plan & { phase: string } {
  const random = seededRandom(seed)
  const world = createWorld(random)
  const turnsBefore = random.int(120)
  for (let step = 0; step < STEPS_MAX; step++) {
    const next = world.turn()
    if (step === turnsBefore) {
      if (options.ending === 'gone')
        world.cluster = { ...world.cluster, deletingAt: world.now, generation: world.cluster.generation + 1 }
      else if (options.changes && !world.bootstrap)
        world.cluster = aCluster({
          machines: { 'cp-1': '192.168.1.51', 'cp-4': '192.168.1.54', 'cp-5': '192.168.1.55' },
          generation: 2,
        })
    }
    // Larger in the middle of the creation or after it, and smaller again while that is under way or done.
    if (options.sizes && (step === turnsBefore || step === turnsBefore + 60))
      world.machineClass = aMachineClass(
        step === turnsBefore
          ? { cpu: 6, memory: '12Gi', disks: [{ size: '40Gi' }] }
          : { memory: '4Gi', disks: [{ size: '40Gi' }] },
      )
    if (random.chance(0.02)) world.online = !world.online
    if (!world.online && random.chance(0.2)) world.online = true
    world.happen(random, options.trouble)
    // Time moves in small steps, and jumps when only time can help.
    world.now += next.lookAgainAt !== undefined && random.chance(0.3) ? Math.max(1, next.lookAgainAt - world.now) : 500
    if (step > turnsBefore + (options.sizes ? 60 : 0) && world.online && world.phase() === options.ending) {
      world.turn()
      return { ...world.turn(), findings: [], phase: options.ending }
    }
  }
  return { ...world.turn(), findings: [], phase: world.phase() }
}

describe('stories', () => {
  test.each(seeds(150))('[P1][P2][P3][P5][P6][O1] a creation ends ready, seed %i', (seed) => {
    expect(tell(seed, { trouble: 0.08, ending: 'ready', changes: false })).toEqual({ ...IDLE, phase: 'ready' })
  })

  test.each(seeds(150))('[P1][P2][P3][P6][O1] a spec changed in mid-creation ends ready, seed %i', (seed) => {
    expect(tell(seed, { trouble: 0.05, ending: 'ready', changes: true })).toEqual({ ...IDLE, phase: 'ready' })
  })

  test.each(seeds(100))('[P2][P4][P5][P20] machines that grow and shrink end ready, seed %i', (seed) => {
    expect(tell(seed, { trouble: 0.05, ending: 'ready', changes: false, sizes: true })).toEqual({
      ...IDLE,
      phase: 'ready',
    })
  })

  test.each(seeds(150))('[P6][P7][P11] a deletion in any phase leaves nothing, seed %i', (seed) => {
    expect(tell(seed, { trouble: 0.08, ending: 'gone', changes: false })).toEqual({ ...IDLE, phase: 'gone' })
  })
})
