import { describe, expect, test } from 'vitest'
import { plan } from '#core/plan/plan.ts'
import { clusterStatus } from '#core/plan/status.ts'
import type { ClusterView } from '#core/plan/view.ts'
import { aCluster } from '#test/support/documents.ts'
import { aMachine, aMember, aView, seenMachine } from '#test/support/view.ts'

const withTalos = (version: string) => {
  const cluster = aCluster()
  return { ...cluster, spec: { ...cluster.spec, talos: { ...cluster.spec.talos, version } } }
}
const contractsIn = (view: ClusterView): readonly unknown[] =>
  plan(view).operations.flatMap(({ input }) =>
    'intent' in input ? [input.intent.contract] : 'contract' in input ? [input.contract] : [],
  )
const BOOTSTRAP = { machineId: 'first', founders: ['first'] }

describe('the Talos contract of a cluster', () => {
  test('[C11] is given by the first plan, which already uses it', () => {
    const view = aView()
    expect(plan(view).contract).toBe('1.13')
    expect(contractsIn(view)).toEqual(['1.13'])
    expect(clusterStatus(view, plan(view)).talosContract).toBe('1.13')
  })

  test('[C11] is not given again once it is stored', () => {
    expect(plan(aView({ contract: '1.13' }))).not.toHaveProperty('contract')
  })

  test.each([undefined, BOOTSTRAP])('[C11] stays when the spec names a newer Talos (bootstrap %o)', (bootstrap) => {
    const on = { seen: seenMachine('cp-1', { stage: 'maintenance', ready: false }) }
    const view = aView({
      cluster: withTalos('v1.14.0'),
      contract: '1.13',
      bootstrap,
      secretsVersion: 1,
      machines: [aMachine('cp-1', on)],
    })
    expect(plan(view)).not.toHaveProperty('contract')
    expect(contractsIn(view)).toEqual(['1.13'])
    expect(clusterStatus(view, plan(view)).talosContract).toBe('1.13')
  })

  test('[C11] goes down with an older Talos only while nothing is bootstrapped, because that Talos could not read it', () => {
    const older = { cluster: withTalos('v1.12.11'), contract: '1.13' }
    expect(plan(aView(older)).contract).toBe('1.12')
    const born = aView({ ...older, bootstrap: BOOTSTRAP, machines: [aMember('cp-1')] })
    expect(plan(born)).not.toHaveProperty('contract')
  })

  test('[C11] that we do not know is kept as it is', () => {
    expect(plan(aView({ contract: '1.15', bootstrap: BOOTSTRAP }))).not.toHaveProperty('contract')
  })
})
