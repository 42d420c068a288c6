import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { dialTarget, TALOS_PORT } from '#agent/lane/targets.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'

const UID = '1m7zr1wjcpem70tyt21a'
const machine = (name: string, address: string, role: 'controlplane' | 'worker' = 'controlplane') => ({
  machineId: '00000000-0000-4000-8000-000000000000',
  name,
  role,
  address,
  host: 'pve-1',
  vmid: 5000,
})
const watch = (changes: Partial<WatchPut> = {}): WatchPut => ({
  type: 'watch.put',
  clusterUid: UID,
  clusterName: 'home',
  vip: '192.168.1.50',
  secretsVersion: 1,
  machines: [
    machine('cp-1', '192.168.1.51'),
    machine('cp-2', '192.168.1.52'),
    machine('w-1', '192.168.1.61', 'worker'),
  ],
  ...changes,
})
const sockets: Socket[] = []
afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()))

/** A LAN in which only some addresses answer. */
async function aLan(...alive: readonly string[]) {
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const dialled: string[] = []
  return {
    dialled,
    close: () => server.close(),
    dialer: {
      connect(target: { readonly host: string; readonly port: number }): Promise<Socket> {
        dialled.push(`${target.host}:${target.port}`)
        if (!alive.includes(target.host)) return Promise.reject(new Error('no route'))
        const socket = connect(port, '127.0.0.1')
        sockets.push(socket)
        return Promise.resolve(socket)
      },
    },
  }
}

test('[L5] the API is sought at the VIP and then at each control plane, never at a worker', async () => {
  const lan = await aLan('192.168.1.52')
  expect((await dialTarget({ kind: 'kube', clusterUid: UID }, [watch()], lan.dialer)).ok).toBe(true)
  expect(lan.dialled).toEqual(['192.168.1.50:6443', '192.168.1.51:6443', '192.168.1.52:6443'])
  lan.close()
})

test('[L5] a machine is reached by its name in its own cluster, at the Talos port only', async () => {
  const lan = await aLan('192.168.1.61')
  expect((await dialTarget({ kind: 'talos', clusterUid: UID, machine: 'w-1' }, [watch()], lan.dialer)).ok).toBe(true)
  expect(lan.dialled).toEqual([`192.168.1.61:${TALOS_PORT}`])
  const strange = await dialTarget({ kind: 'talos', clusterUid: UID, machine: 'nas' }, [watch()], lan.dialer)
  expect(!strange.ok && strange.error.code).toBe('refused')
  lan.close()
})

test.each(['127.0.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', 'localhost', '::1', '192.168.1', '192.168.1.300'])(
  '[L5] %s is never dialled, even if the cloud says it is a machine',
  async (address) => {
    const lan = await aLan(address)
    const lying = watch({ vip: address, machines: [machine('cp-1', address)] })
    for (const target of [
      { kind: 'kube' as const, clusterUid: UID },
      { kind: 'talos' as const, clusterUid: UID, machine: 'cp-1' },
    ]) {
      const dialled = await dialTarget(target, [lying], lan.dialer)
      expect(!dialled.ok && dialled.error.code).toBe('refused')
    }
    expect(lan.dialled).toEqual([])
    lan.close()
  },
)

test('[L5] a cluster that this agent does not watch has no targets', async () => {
  const lan = await aLan('192.168.1.50')
  const other = await dialTarget({ kind: 'kube', clusterUid: '1m7zr1wjcpem70tyt21b' }, [watch()], lan.dialer)
  expect(!other.ok && other.error.code).toBe('refused')
  expect(lan.dialled).toEqual([])
  lan.close()
})
