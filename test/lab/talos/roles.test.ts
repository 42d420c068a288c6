import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MachineService } from '#lab/talos/proto/machine_pb.js'
import { newBundle } from './support/bundle.ts'
import { all, refusalOf, secure, type Clients } from './support/client.ts'
import { bringUp } from './support/cluster.ts'
import { aGuest, newSite } from './support/site.ts'

/**
 * Which role may call what, asked of a node with a certificate of each. The lists are those of Talos 1.13 (facts §4.2),
 * written down here once more; a method of neither list is the administrator's.
 */
const READER = new Set(
  `CPUInfo Containers DiskStats DiskUsage Dmesg EtcdAlarmList EtcdMemberList EtcdStatus Events Hostname ImageList List
   LoadAvg Logs LogsContainers Memory Mounts Netstat NetworkDeviceStats Processes ServiceList Stats SystemStat Version`
    .trim()
    .split(/\s+/),
)
const OPERATOR_MORE = new Set(
  `EtcdAlarmDisarm EtcdDefragment EtcdSnapshot ImagePull Reboot Restart ServiceRestart ServiceStart ServiceStop Shutdown`.split(
    ' ',
  ),
)
const BACKUP = new Set(['EtcdAlarmList', 'EtcdMemberList', 'EtcdSnapshot', 'EtcdStatus'])
const META = new Set(['MetaWrite', 'MetaDelete'])

const EXPECTED: Readonly<Record<string, (method: string) => boolean>> = {
  'os:reader': (method) => READER.has(method),
  'os:operator': (method) => READER.has(method) || OPERATOR_MORE.has(method),
  'os:etcd:backup': (method) => BACKUP.has(method),
  'os:meta:writer': (method) => META.has(method),
  'os:nobody': () => false,
}
/** Allowed ones that would end the node, or never end themselves. */
const NOT_CALLED = new Set(['Reboot', 'Shutdown', 'ServiceStop', 'ServiceRestart', 'Events'])

const site = newSite()
const guest = aGuest(1)
let clients: ReadonlyMap<string, Clients>
beforeAll(async () => {
  const bundle = await newBundle()
  await bringUp(site, bundle, [guest])
  clients = new Map(
    await Promise.all(
      Object.keys(EXPECTED).map(
        async (role) => [role, await secure(site.lan, guest.address, bundle, { organizations: [role] })] as const,
      ),
    ),
  )
})
afterAll(() => site.close())

describe('the roles in a certificate', () => {
  test.each(Object.keys(EXPECTED))(
    '%s may call what Talos lets it call, and is not authorized for the rest',
    async (role) => {
      const machine = clients.get(role)?.machine
      if (!machine) throw new Error('no such caller')
      for (const method of MachineService.methods) {
        const allowed = EXPECTED[role]?.(method.name) ?? false
        if (allowed && NOT_CALLED.has(method.name)) continue
        const call = machine[method.localName as keyof typeof machine] as (input: unknown) => unknown
        const input = method.methodKind === 'client_streaming' ? nothing() : {}
        const answer = call(input)
        const said = await refusalOf(isStream(answer) ? all(answer) : (answer as Promise<unknown>))
        expect(`${method.name}: ${said.includes('not authorized') ? 'refused' : 'let in'}`).toBe(
          `${method.name}: ${allowed ? 'let in' : 'refused'}`,
        )
      }
    },
  )
})

async function* nothing(): AsyncGenerator<never> {}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value
