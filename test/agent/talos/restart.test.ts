import { describe, expect, test } from 'vitest'
import { err, ok } from '#core/base/result.ts'
import { problem, type ProblemCode } from '#core/model/problem.ts'
import type { TalosNode } from '#agent/talos/node.ts'
import { lookForRestart } from '#agent/talos/restart.ts'
import { silentNode } from '#test/support/silent-node.ts'

const aNode = (differs: Partial<TalosNode> = {}): TalosNode => ({
  ...silentNode('192.168.1.51'),
  bootId: () => Promise.resolve(ok('after')),
  machineStatus: () => Promise.resolve(ok({ stage: 'running', ready: true, unmetConditions: [] })),
  version: () => Promise.resolve(ok({ tag: 'v1.14.0', platform: 'nocloud' })),
  ...differs,
})
const failing = (code: ProblemCode) => () => Promise.resolve(err(problem(code)))
const inStage = (stage: string, ready: boolean) => () => Promise.resolve(ok({ stage, ready, unmetConditions: [] }))

describe('a restart', () => {
  test('is done when another boot is up and ready', async () => {
    expect(await lookForRestart(aNode(), 'before')).toEqual(
      ok({ is: 'done', bootId: 'after', talosVersion: 'v1.14.0' }),
    )
  })

  test('has not begun while the boot is the same, however well the node is', async () => {
    expect(await lookForRestart(aNode(), 'after')).toEqual(ok({ is: 'not-begun' }))
  })

  test.each([
    ['does not answer', { bootId: failing('node-unreachable') }, undefined],
    ['answers only in part', { machineStatus: failing('check-failed') }, undefined],
    ['went away again', { version: failing('node-unreachable') }, undefined],
    ['still boots', { machineStatus: inStage('booting', false) }, 'booting'],
    ['runs and is not ready', { machineStatus: inStage('running', false) }, 'running'],
  ])('is under way while the node %s', async (_, differs, stage) => {
    expect(await lookForRestart(aNode(differs), 'before')).toEqual(ok({ is: 'under-way', stage }))
  })

  test('of a node that turned out to be another one is a problem', async () => {
    const foreign = aNode({ bootId: failing('node-unauthorized') })
    expect(await lookForRestart(foreign, 'before')).toMatchObject({ ok: false, error: { code: 'node-unauthorized' } })
  })
})
