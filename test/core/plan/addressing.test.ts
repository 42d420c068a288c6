import { describe, expect, test } from 'vitest'
import { checkMachines } from '#core/check/machines.ts'
import { byKind } from '#core/check/documents.ts'
import { ClusterDocument } from '#core/model/document.ts'
import type { NetworkSpec } from '#core/model/network.ts'
import { Addresses } from '#core/placement/addresses.ts'
import { addressOfMachine } from '#core/plan/machines.ts'
import { intentFor } from '#core/plan/intent.ts'
import { askedByName } from '#core/plan/documents.ts'
import { hardwareFor, addressingOf } from '#core/plan/hardware.ts'
import { plan } from '#core/plan/plan.ts'
import { aCluster, aNetwork, someDocuments } from '../../support/documents.ts'
import { aHost, aWideLedger } from '../../support/site.ts'
import { aMachine, anOperation, aPlacement, aView, seenMachine } from '../../support/view.ts'

/** How machines learn their address before they have a configuration. */
const on = (addressing: NetworkSpec['addressing']) => someDocuments({ networks: { lan: aNetwork({ addressing }) } })
const placement = aPlacement('cp-1', {
  nics: [{ network: 'lan', bridge: 'vmbr0', mac: '02:00:00:00:00:33', address: '' }],
})
const lost = aMachine('cp-1', { address: '', placement, seen: seenMachine('cp-1', { stage: 'unreachable' }) })

describe('on a network whose DHCP server gives the addresses', () => {
  const documents = on('dhcp')
  const asked = askedByName(documents).get('cp-1')!

  test('the site gives none, and the machine asks for one on every way', () => {
    const ledger = aWideLedger([aHost('a')], { networks: { lan: documents.networks['lan']!.spec } })
    expect(new Addresses(ledger).choose([{ network: 'lan' }])).toEqual({ ok: true, value: [''] })
    expect(hardwareFor(placement, asked, documents).nics[0]).not.toHaveProperty('addressCidr')
    expect(addressingOf(asked, documents)).toBe('dhcp')
    expect(intentFor(lost, asked, documents, '1.13').nics).toEqual([{ mac: '02:00:00:00:00:33' }])
  })

  test('it is configured where its guest agent says it is, and known by that afterwards', () => {
    const view = aView({ ...documents, secretsVersion: 1, machines: [lost] })
    const [configure] = plan(view).operations.filter(({ kind }) => kind === 'machine.configure')
    expect(configure?.input).toMatchObject({ address: '', place: { host: 'prod-srv-01', vmid: placement.vmid } })
    const done = (address: string, finishedAt: number) =>
      anOperation('machine.configure', lost.machineId, {
        state: 'succeeded',
        finishedAt,
        result: { outcome: 'succeeded', output: { address } },
      })
    const found = [done('192.168.1.200', 1), done('192.168.1.201', 2)]
    expect(addressOfMachine({ ...lost }, placement, found)).toBe('192.168.1.201')
    expect(addressOfMachine({ ...lost }, placement, [])).toBe('')
  })

  test('a cluster without the agent’s extension, or with a pool there, is refused with one sentence', () => {
    const { apiVersion, kind, metadata, spec } = aCluster({ workers: { general: { class: 'cp-small', count: 2 } } })
    const said = (talos: typeof spec.talos, nics?: ClusterDocument['spec']['controlPlane']['nics']) => {
      const cluster = ClusterDocument.parse({
        apiVersion,
        kind,
        metadata,
        spec: { ...spec, talos, controlPlane: { ...spec.controlPlane, nics } },
      })
      const found = checkMachines(cluster, byKind([cluster, documents.site, documents.networks['lan']!]))
      return found.map(({ path, message }) => `${path.join('.')}: ${message}`)
    }
    expect(said({ version: 'v1.13.9' })).toEqual([
      'spec.talos.extensions: nobody knows the address that home-general-0 gets by DHCP in "lan": add qemu-guest-agent, or name the address that is kept for it',
    ])
    expect(said(spec.talos, [{ network: 'lan', pool: 'a' }])).toEqual([
      'spec.controlPlane.nics.0.pool: the network "lan" gives addresses by DHCP, out of no pool',
    ])
    expect(said(spec.talos)).toEqual([])
  })
})

test('on a network that says cidata a CD tells the addresses, which are given as ever', () => {
  const documents = on('cidata')
  const asked = askedByName(documents).get('cp-1')!
  expect(addressingOf(asked, documents)).toBe('cidata')
  expect(hardwareFor(aPlacement('cp-1'), asked, documents).nics[0]).toMatchObject({ addressCidr: '192.168.1.51/24' })
  expect(addressingOf(asked, on(undefined))).toBe('cloud-init')
})
