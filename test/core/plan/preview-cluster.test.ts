import { expect, test } from 'vitest'
import { EMPTY_SEEN } from '#core/model/seen.ts'
import { plan } from '#core/plan/plan.ts'
import { previewCluster } from '#core/plan/preview-cluster.ts'
import { someDocuments } from '../../support/documents.ts'
import { createWorld, worldLedger, type World } from '../../support/plan-world.ts'
import { seededRandom, seeds } from '../../support/random.ts'

/** A dry run of the cluster as it stands. */
function preview(world: World) {
  const { now, machines, nodes } = {
    now: world.now,
    machines: world.view().machines.flatMap(({ seen }) => seen ?? []),
    nodes: world.view().machines.flatMap(({ node }) => node ?? []),
  }
  const documents = someDocuments({ cluster: world.cluster })
  return previewCluster({
    now,
    documents,
    ledger: worldLedger(world, documents.site, { ...EMPTY_SEEN, machines, nodes }),
    seenAt: now,
    online: true,
    memory: {
      bootstrap: world.bootstrap,
      contract: world.contract,
      machines: world.machines,
      operations: world.operations,
      locks: [],
    },
    random: (count) => seededRandom(1).bytes(count),
  }).plan
}

test.each(seeds(20))('[A6] a dry run of an existing cluster plans what its next look plans, seed %i', (seed) => {
  const random = seededRandom(seed)
  const world = createWorld(random)
  world.turn()
  for (let step = 0; step < 400; step++) {
    const next = plan(world.view())
    const shown = preview(world)
    expect(shown.operations).toEqual(next.operations)
    expect(shown.holds.map(({ code, subject }) => ({ code, subject }))).toEqual(
      next.holds.map(({ code, subject }) => ({ code, subject })),
    )
    world.turn()
    world.happen(random, 0)
    world.now += 500
  }
  expect(world.phase()).toBe('ready')
  expect(preview(world).operations).toEqual([])
})
