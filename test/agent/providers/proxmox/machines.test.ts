import { describe, expect, test } from 'vitest'
import { createGuestConfigs } from '#agent/providers/proxmox/guest-configs.ts'
import type { MachineFound } from '#agent/providers/provider.ts'
import { HOST } from '#test/support/proxmox-site.ts'
import { config, GUEST, machine, NODE, scriptedHosts, VM } from './one-guest.ts'
import { byPath, type ScriptedHost } from './scripted-host.ts'

/** What hosts say of machines that the lab does not say: odd types, silent guests, and calls that are allowed nowhere. */
const scripted = scriptedHosts()

async function found(host: ScriptedHost): Promise<MachineFound> {
  const sight = await host.provider.look(machine)
  if (!sight.ok || sight.value.state !== 'present') throw new Error(JSON.stringify(sight))
  return sight.value.machine
}

describe('machines', () => {
  const present = {
    [`GET ${VM}/config`]: { data: config },
    [`GET ${VM}/status/current`]: { data: { status: 'running', ha: { managed: '1' } } },
    'GET /cluster/resources': { data: [NODE, GUEST] },
    'GET /cluster/nextid': {
      status: 400,
      reason: 'Parameter verification failed.',
      errors: { vmid: 'VM 2001 already exists' },
    },
  }

  const absent = { status: 500, reason: `Configuration file 'nodes/${HOST}/qemu-server/2001.conf' does not exist` }

  test('[pitfall 38] without the right to release it from HA, the command that does is told', async () => {
    const refused = { status: 403, reason: 'Permission check failed (/, Sys.Console)' }
    const host = await scripted(byPath({ ...present, 'DELETE /cluster/ha/resources/vm:2001': refused }))
    const machineFound = await found(host)
    expect(machineFound.haManaged).toBe(true)
    expect(await host.provider.releaseFromHa(machineFound)).toMatchObject({
      error: { code: 'permission-missing', facts: { privilege: 'Sys.Console', run: 'ha-manager remove vm:2001' } },
    })
  })

  test('a guest that HA no longer has is released', async () => {
    const not = { status: 500, reason: "cannot delete service 'vm:2001', not HA managed!" }
    const host = await scripted(byPath({ ...present, 'DELETE /cluster/ha/resources/vm:2001': not }))
    expect(await host.provider.releaseFromHa(await found(host))).toEqual({ ok: true, value: undefined })
  })

  const loopback = {
    name: 'lo',
    'hardware-address': '00:00:00:00:00:00',
    'ip-addresses': [{ 'ip-address': '127.0.0.1', 'ip-address-type': 'ipv4', prefix: 8 }],
  }
  const nic = (addresses: readonly [string, number | string, string?][]) => ({
    name: 'eth0',
    'hardware-address': '02:54:41:00:00:01',
    'ip-addresses': addresses.map(([address, prefix, type = 'ipv4']) => ({
      'ip-address': address,
      'ip-address-type': type,
      prefix,
    })),
  })
  test.each([
    ['its own', [nic([['192.168.1.51', 24]])], '192.168.1.51'],
    [
      'the VIP it carries first',
      [
        nic([
          ['192.168.1.50', 32],
          ['192.168.1.51', '24'],
        ]),
      ],
      '192.168.1.51',
    ],
    [
      'none that DHCP gave',
      [
        nic([
          ['169.254.3.4', 16],
          ['fe80::1', 64, 'ipv6'],
        ]),
      ],
      undefined,
    ],
    [
      'those of its containers only',
      [{ ...nic([['10.244.0.1', 24]]), 'hardware-address': 'AA:00:00:00:00:01' }],
      undefined,
    ],
    ['none at all', [{ name: 'eth0', 'hardware-address': '02:54:41:00:00:01' }], undefined],
  ] as const)('[pitfall 18] a guest that tells %s address', async (_, interfaces, address) => {
    const result = [loopback, ...interfaces]
    const host = await scripted(
      byPath({ ...present, [`GET ${VM}/agent/network-get-interfaces`]: { data: { result } } }),
    )
    expect(await host.provider.findAddress(await found(host))).toEqual({ ok: true, value: address })
  })

  test.each(['QEMU guest agent is not running', 'No QEMU guest agent configured', 'VM 2001 is not running'])(
    '[pitfall 17] %s: no address yet, and no failure',
    async (reason) => {
      const host = await scripted(
        byPath({ ...present, [`GET ${VM}/agent/network-get-interfaces`]: { status: 500, reason } }),
      )
      expect(await host.provider.findAddress(await found(host))).toEqual({ ok: true, value: undefined })
    },
  )

  test('[pitfall 31] the resource cache has no say in whether a machine is there', async () => {
    const host = await scripted(byPath({ ...present, 'GET /cluster/resources': { data: [NODE] } }))
    expect((await found(host)).vmid).toBe(2001)
    const gone = await scripted(
      byPath({
        'GET /cluster/resources': { data: [NODE, { ...GUEST, status: 'unknown' }] },
        'GET /cluster/nextid': { data: '2001' },
      }),
    )
    expect(await gone.provider.look(machine)).toEqual({ ok: true, value: { state: 'absent' } })
  })

  test.each([
    ['configuration', { [`GET ${VM}/config`]: { data: null } }],
    ['configuration', { [`GET ${VM}/config`]: { data: {} } }],
    ['status', { [`GET ${VM}/status/current`]: { data: {} } }],
    ['number', { [`GET ${VM}/config`]: absent, 'GET /cluster/nextid': { data: null } }],
    ['number', { [`GET ${VM}/config`]: absent, 'GET /cluster/nextid': { data: '2002' } }],
  ])('[P7] an answer without its %s proves nothing, neither a stranger nor an absence', async (_, odd) => {
    const host = await scripted(byPath({ ...present, ...odd }))
    expect(await host.provider.look(machine)).toMatchObject({ ok: false, error: { code: 'provider-unreachable' } })
  })

  test('a machine still being made is neither there nor absent, whether its identity is written yet or not', async () => {
    for (const smbios1 of [undefined, config.smbios1]) {
      const host = await scripted(byPath({ [`GET ${VM}/config`]: { data: { lock: 'create', smbios1, digest: 'x' } } }))
      expect(await host.provider.look(machine)).toMatchObject({ ok: true, value: { state: 'unclear' } })
    }
  })

  test('[pitfall 61] a task that an earlier token of the same user began is ours as well; anybody else’s is not', async () => {
    const task = (user: string, vmid = '2001') => ({
      upid: `UPID:${HOST}:0000014F:00092BAA:6B002818:qmcreate:${vmid}:${user}:`,
      type: 'qmcreate',
      id: vmid,
      status: 'RUNNING',
    })
    const answer = async (user: string) => {
      const host = await scripted(
        byPath({ [`GET /nodes/${HOST}/tasks`]: { data: [task('root@pam', '7'), task(user)] } }),
      )
      const running = await host.provider.findRunningCreation(machine)
      return running.ok && running.value !== undefined
    }
    expect([await answer('lanline@pve!agent'), await answer('lanline@pve!before'), await answer('root@pam')]).toEqual([
      true,
      true,
      false,
    ])
  })

  test.each([
    [403, `Permission check failed (/nodes/${HOST}, Sys.Audit)`, {}],
    [400, 'Parameter verification failed.', { upid: 'no such task' }],
  ])(
    '[pitfall 61] a task that is not shown any more (%i) leaves the answer to the next look',
    async (status, reason, errors) => {
      const host = await scripted(() => ({ status, reason, errors }))
      const upid = `UPID:${HOST}:0000014F:00092BAA:6B002818:qmcreate:2001:lanline@pve!before:`
      expect(await host.provider.pollTask(upid)).toMatchObject({
        ok: true,
        value: { state: 'failed', problem: { code: 'outcome-unknown', facts: { task: upid } } },
      })
    },
  )

  test('[pitfall 62] a host that stands alone has no cluster row, and is seen all the same', async () => {
    const host = await scripted(
      byPath({
        'GET /cluster/resources': { data: [{ ...NODE, status: 'unknown' }] },
        [`GET /nodes/${HOST}/status`]: {
          data: { cpuinfo: { cpus: '8' }, memory: { total: 8 * 1024 ** 3 }, pveversion: 'pve-manager/9.2.11/x' },
        },
        [`GET /nodes/${HOST}/network`]: { data: [{ iface: 'vmbr0' }] },
      }),
    )
    expect(await host.provider.observe()).toMatchObject({
      ok: true,
      value: {
        hosts: [{ name: HOST, online: true, threads: 8, memoryMiB: 8192, version: '9.2.11' }],
        bridges: [{ name: 'vmbr0' }],
      },
    })
  })

  test('a host that is away costs its delay once, however many guests it has, and they stay who they were', async () => {
    let away = false
    let now = 0
    const host = await scripted(
      byPath({
        [`GET /nodes/${HOST}/qemu/*`]: () => (away ? { status: 595, reason: 'No route to host' } : { data: config }),
      }),
    )
    const configs = createGuestConfigs(host.http, { now: () => now, sleep: () => Promise.resolve() })
    const uuids = () =>
      Promise.all([1, 2, 3].map(async (vmid) => (await configs.identityOf({ host: HOST, vmid, name: 'm' })).uuid))
    expect(await uuids()).toEqual(Array(3).fill(machine.machineId))
    away = true
    now += 120_000
    const before = host.asked.length
    await configs.identityOf({ host: HOST, vmid: 1, name: 'm' })
    expect(await uuids()).toEqual(Array(3).fill(machine.machineId))
    expect(host.asked.length - before).toBe(1)
    away = false
    now += 40_000
    expect(await uuids()).toEqual(Array(3).fill(machine.machineId))
    expect(host.asked.length - before).toBe(4)
  })

  test('of many who look around at once one asks, and nothing is remembered of what is about to change', async () => {
    const host = await scripted(byPath({ [`GET /nodes/${HOST}/qemu/*`]: () => ({ data: config }) }))
    const configs = createGuestConfigs(host.http, { now: () => 0, sleep: () => Promise.resolve() })
    const guest = { host: HOST, vmid: 1, name: 'm' }
    const seen = await Promise.all([1, 2, 3].map(() => configs.identityOf(guest)))
    expect(seen.map(({ uuid }) => uuid)).toEqual(Array(3).fill(machine.machineId))
    expect(host.asked).toHaveLength(1)

    configs.forget(1)
    const asked = configs.identityOf(guest)
    configs.forget(1)
    await asked
    await configs.identityOf(guest)
    expect(host.asked).toHaveLength(3)
  })
})
