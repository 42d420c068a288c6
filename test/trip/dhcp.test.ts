import { expect, test } from 'vitest'
import type { ClusterDocument } from '#core/model/document.ts'
import { apply, deleteCluster, untilGone, untilReady } from '#tools/stage/clusters.ts'
import { GONE_MS, READY_MS, useStage } from './support/trip.ts'

/** A LAN whose DHCP server gives the addresses: one it keeps for the control plane, and any other to the worker. */
const stage = useStage()
const MAC = 'BC:24:11:00:00:51'
const SERVER = {
  first: '192.168.1.200',
  last: '192.168.1.210',
  prefix: 24,
  gateway: '192.168.1.1',
  kept: { [MAC.toLowerCase()]: '192.168.1.51' },
}

test('[pitfall 18] a worker is found by its guest agent and MAC, a control plane where its address is kept, and both join', async () => {
  const play = await stage.play('', { lab: { networks: [{ bridge: 'vmbr0', dhcp: SERVER }] } })
  const { api, lab } = play.site
  lab.hypervisor.cluster.access.roles.get('LanlineVM')?.add('VM.GuestAgent.Audit')
  const { cluster, network, machineClass } = play.story
  const lan = network.metadata.name
  const wished: ClusterDocument = {
    ...cluster,
    spec: {
      ...cluster.spec,
      talos: { ...cluster.spec.talos, extensions: ['qemu-guest-agent'] },
      controlPlane: {
        ...cluster.spec.controlPlane,
        machines: { 'cp-0': '192.168.1.51' },
        nics: [{ network: lan, macs: { 'cp-0': MAC } }],
      },
      workers: { general: { class: machineClass.metadata.name, count: 1 } },
    },
  }
  await apply(api, [{ ...network, spec: { ...network.spec, addressing: 'dhcp' } }, wished])
  const ready = await untilReady(api, play.name, READY_MS)
  expect(ready.status.machines.map(({ role, address }) => [role, address])).toEqual([
    ['controlplane', '192.168.1.51'],
    ['worker', '192.168.1.200'],
  ])
  const guests = lab.hypervisor.guests().filter(({ foreign }) => !foreign)
  expect(guests.map(({ config }) => config.get('ipconfig0'))).toEqual(['ip=dhcp', 'ip=dhcp'])
  for (const node of lab.nodes()) expect(node.config?.source).toContain('kind: DHCPv4Config')

  await deleteCluster(api, play.name)
  await untilGone(api, play.name, GONE_MS)
  expect(play.complaints({})).toEqual([])
})
