import { describe, expect, test } from 'vitest'
import { checkPatches } from '#core/check/patches.ts'
import { aClusterWith } from '#test/support/cluster-spec.ts'

const said = (changes: Parameters<typeof aClusterWith>[0]) =>
  checkPatches(aClusterWith(changes)).map(({ path, message }) => `${path.join('.')}  ${message}`)

describe('patches of a cluster', () => {
  test('are checked on all three levels, each fault at its place', () => {
    const bad = [{ machine: { env: { A: 'b' } } }, { cluster: { id: 'x' } }]
    const secret = 'is not for patches: it comes from the secrets bundle of the cluster, which only rotation changes'
    expect(said({ talos: { patches: bad }, controlPlane: { patches: bad }, machinePatches: { 'cp-1': bad } })).toEqual([
      `spec.talos.patches.1.cluster.id  ${secret}`,
      `spec.controlPlane.patches.1.cluster.id  ${secret}`,
      `spec.machinePatches.cp-1.1.cluster.id  ${secret}`,
    ])
  })

  test('of a set of workers are checked and counted like those of the control planes, and its machines are known', () => {
    const general = (patches: object) => ({ workers: { general: { class: 'cp-small', count: 1, patches } } })
    expect(said(general([{ machine: { bogus: 1 } }]))).toEqual([
      'spec.workers.general.patches.0.machine.bogus  unknown field of Talos',
    ])
    expect(said({ ...general([]), machinePatches: { 'home-general-0': [] } })).toEqual([])
    expect(said({ ...general([]), machinePatches: { 'home-general-1': [] } })).toHaveLength(1)
    expect(said(general([{ machine: { env: { A: 'x'.repeat(60 * 1024) } } }]))).toHaveLength(1)
  })

  test('of a machine need that machine', () => {
    expect(said({ machinePatches: { 'cp-9': [] } })).toEqual([
      'spec.machinePatches.cp-9  there is no machine "cp-9" in this cluster',
    ])
  })

  test('and settings fit together into one message to the agent', () => {
    const big = [{ machine: { env: { A: 'x'.repeat(30 * 1024) } } }]
    expect(said({ talos: { patches: big } })).toEqual([])
    expect(said({ talos: { patches: big }, controlPlane: { patches: big } })).toEqual([
      'spec  settings and patches take 61 KiB as JSON; one message to the agent has room for 48',
    ])
  })
})
