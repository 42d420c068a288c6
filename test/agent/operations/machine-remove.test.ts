import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMachine } from '#agent/operations/machine-create.ts'
import { removeMachine } from '#agent/operations/machine-remove.ts'
import { toNewMachine } from '#agent/operations/new-machine.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import { secretsAtHand } from '#test/support/cluster-secrets.ts'
import { aCreation, aRemoval, FOREIGN_UUID, startProxmoxSite, type ProxmoxSite } from '#test/support/proxmox-site.ts'
import { crashAfterEachEffect } from '#test/support/crash-after-each-effect.ts'
import { handlerContext } from '#test/support/step-journal.ts'
import { FakeCluster } from '#test/support/talos-cluster.ts'

let site: ProxmoxSite
beforeEach(async () => {
  site = await startProxmoxSite()
})
afterEach(() => site.close())
const vmids = () => site.host.guests().map((guest) => guest.vmid)

describe('machine.remove', () => {
  test('stops and destroys the machine with its disks, and proves it gone', async () => {
    await site.bringImage()
    await createMachine(site.deps)(aCreation(), handlerContext())
    await startMachine(site.deps)(aCreation(), handlerContext())
    expect(await removeMachine(site.deps)(aRemoval(), handlerContext())).toEqual({ ok: true, value: { leftovers: [] } })
    expect(vmids()).toEqual([100])
    expect(site.host.volumes().filter((volume) => volume.vmid === 2001)).toEqual([])
  })

  test('a machine that was never there is removed already', async () => {
    expect(await removeMachine(site.deps)(aRemoval(), handlerContext())).toMatchObject({ ok: true })
    expect(site.host.tasks()).toEqual([])
  })

  test('[P7] a VMID that was given to somebody else is left alone', async () => {
    const result = await removeMachine(site.deps)(aRemoval({ vmid: 100 }), handlerContext())
    expect(result).toEqual({ ok: true, value: { leftovers: [] } })
    expect(vmids()).toEqual([100])
    expect(site.host.tasks()).toEqual([])
  })

  test('[P7] the provider itself refuses to stop or destroy a guest with another UUID or MAC', async () => {
    await site.bringImage()
    await createMachine(site.deps)(aCreation(), handlerContext())
    const otherUuid = { ...aCreation(), machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f00ff' }
    const otherPlace = { ...otherUuid, vmid: 100 }
    const otherMac = { ...aCreation(), mac: '02:54:41:00:00:99' }
    for (const ref of [otherUuid, otherPlace, otherMac]) {
      expect(await site.provider.startPowerOff(ref)).toMatchObject({ ok: false, error: { code: 'not-ours' } })
      expect(await site.provider.startDestruction(ref)).toMatchObject({ ok: false, error: { code: 'not-ours' } })
    }
    expect(await site.provider.look({ ...aCreation(), machineId: FOREIGN_UUID })).toMatchObject({
      value: { state: 'present', machine: { vmid: 100, name: 'truenas' } },
    })
    expect(vmids()).toEqual([100, 2001])
  })

  test('[P7] a guest with our MAC and another UUID waits for a person', async () => {
    await site.bringImage()
    await createMachine(site.deps)(aCreation(), handlerContext())
    const machineId = '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f00ff'
    const result = await removeMachine(site.deps)(aRemoval({ machineId }), handlerContext())
    expect(result).toMatchObject({ ok: false, error: { code: 'not-ours', retry: 'never' } })
    expect(vmids()).toEqual([100, 2001])
  })

  test('[P7] a guest that its host left half made is not removed by guessing, but waits for a person', async () => {
    await site.bringImage()
    site.host.faults.add({ method: 'POST', path: /\/qemu$/, effect: { kind: 'task-dies', afterMs: 100 } })
    await createMachine(site.deps)(aCreation(), handlerContext())
    const result = await removeMachine(site.deps)(aRemoval(), handlerContext())
    expect(result).toMatchObject({
      ok: false,
      error: {
        code: 'not-ours',
        retry: 'never',
        facts: { vmid: 2001, reason: 'unreadable', run: expect.stringContaining('qm unlock 2001') },
      },
    })
    expect(vmids()).toEqual([100, 2001])
  })

  test('a destroy whose answer was lost is looked at before anything is repeated', async () => {
    await site.bringImage()
    await createMachine(site.deps)(aCreation(), handlerContext())
    const effect = { kind: 'connection-lost', workHappens: true } as const
    site.host.faults.add({ method: 'DELETE', path: /\/qemu\/2001$/, effect })
    expect(await removeMachine(site.deps)(aRemoval(), handlerContext())).toMatchObject({ ok: true })
    expect(vmids()).toEqual([100])
  })

  test('waits for a creation that is under way and removes what it made', async () => {
    await site.bringImage()
    const started = await site.provider.startCreation(toNewMachine(aCreation()))
    expect(started.ok).toBe(true)
    expect(await removeMachine(site.deps)(aRemoval(), handlerContext())).toMatchObject({ ok: true })
    expect(vmids()).toEqual([100])
  })
})

describe('machine.remove of a member', () => {
  const peers = [
    { machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0002', name: 'home-cp-2', address: '192.168.1.52' },
    { machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0003', name: 'home-cp-3', address: '192.168.1.53' },
  ]
  const leaving = { machineId: aRemoval().machineId, name: 'home-cp-1', address: '192.168.1.51' }
  const removal = aRemoval({ peers, secretsVersion: 1 })
  function aCluster(from: ProxmoxSite = site) {
    const cluster = new FakeCluster()
    for (const machine of [leaving, ...peers]) cluster.join(cluster.add(machine))
    return { cluster, deps: cluster.deps(from.provider, secretsAtHand), own: cluster.machines[0]! }
  }

  test('leaves etcd by itself, then the host, then Kubernetes', async () => {
    const { cluster, deps } = aCluster()
    expect(await removeMachine(deps)(removal, handlerContext())).toEqual({ ok: true, value: { leftovers: [] } })
    expect(cluster.effects).toEqual(['leaveEtcd home-cp-1'])
    expect(cluster.kubernetes.effects).toEqual(['cordon home-cp-1', 'deleteNode home-cp-1'])
    expect(cluster.members.map((member) => member.hostname)).toEqual(['home-cp-2', 'home-cp-3'])
    expect(cluster.kubernetes.nodesDeleted).toEqual(['home-cp-1'])
  })

  test('a worker leaves the host and Kubernetes, and etcd is never asked', async () => {
    const { cluster, deps } = aCluster()
    const worker = { ...removal, role: 'worker' as const }
    expect(await removeMachine(deps)(worker, handlerContext())).toEqual({ ok: true, value: { leftovers: [] } })
    expect(cluster.effects).toEqual([])
    expect(cluster.members).toHaveLength(3)
    expect(cluster.kubernetes.nodesDeleted).toEqual(['home-cp-1'])
  })

  test('[P11] a member that does not answer is dropped by one that stays', async () => {
    const { cluster, deps, own } = aCluster()
    own.reachable = false
    expect(await removeMachine(deps)(removal, handlerContext())).toEqual({ ok: true, value: { leftovers: [] } })
    expect(cluster.effects).toEqual(['removeMember home-cp-2'])
  })

  test('a member that left without an answer is not asked a second time', async () => {
    const { cluster, deps } = aCluster()
    cluster.loseAnswers('leaveEtcd', true)
    expect(await removeMachine(deps)(removal, handlerContext())).toEqual({ ok: true, value: { leftovers: [] } })
    expect(cluster.effects).toEqual(['leaveEtcd home-cp-1'])
  })

  test('somebody else at the address is not asked to leave etcd', async () => {
    const { cluster, deps, own } = aCluster()
    own.reachable = false
    cluster.join(cluster.add({ machineId: FOREIGN_UUID, name: 'other', address: leaving.address }))
    await removeMachine(deps)(removal, handlerContext())
    expect(cluster.effects.filter((effect) => effect.startsWith('leaveEtcd'))).toEqual([])
  })

  test('killed after every effect it leaves etcd once, and goes', async () => {
    const report = await crashAfterEachEffect(removeMachine, async () => {
      const fresh = await startProxmoxSite()
      await fresh.bringImage()
      await createMachine(fresh.deps)(aCreation(), handlerContext())
      const { cluster, deps } = aCluster(fresh)
      cluster.kubernetes.addPod('home-cp-1', 'web-1', { refusals: 1 })
      return {
        deps,
        input: removal,
        check(result) {
          expect(result).toEqual({ ok: true, value: { leftovers: [] } })
          expect(cluster.effects).toEqual(['leaveEtcd home-cp-1'])
          expect(cluster.members).toHaveLength(2)
          expect(cluster.kubernetes.podNames()).toEqual([])
          expect(cluster.kubernetes.effects.filter((effect) => effect.startsWith('cordon'))).toHaveLength(1)
          expect(fresh.host.guests().map((guest) => guest.vmid)).toEqual([100])
        },
        close: () => fresh.close(),
      }
    })
    expect(report.effects).toEqual(
      expect.arrayContaining(['cordon', 'evictPod', 'leaveEtcd', 'startDestruction', 'deleteNode']),
    )
  })

  test('[P11] a cluster that answers nowhere does not keep the machine; what stays behind is told', async () => {
    const { cluster, deps } = aCluster()
    for (const machine of cluster.machines) machine.reachable = false
    cluster.kubernetes.isUp = false
    const result = await removeMachine(deps)(removal, handlerContext())
    expect(result).toMatchObject({
      ok: true,
      value: {
        leftovers: [/was not drained/, /etcd member home-cp-1/, /did not delete/].map((text) =>
          expect.stringMatching(text),
        ),
      },
    })
  })
})
