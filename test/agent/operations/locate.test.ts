import { expect, test } from 'vitest'
import { err, ok } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem } from '#core/model/problem.ts'
import { locate } from '#agent/operations/locate.ts'
import type { MachineFound, Provider } from '#agent/providers/provider.ts'
import { handlerContext } from '#test/support/step-journal.ts'

/** Machines whose address only a DHCP server knows. */
const MAC = '02:54:41:00:00:01'
const input = {
  machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0001',
  address: '',
  place: { host: 'prod-srv-01', vmid: 2001 },
  intent: { nics: [{ mac: MAC }] },
} as unknown as OperationInput<'machine.configure'>
const present = ok({ state: 'present' as const, machine: { vmid: 2001, macs: [MAC] } as unknown as MachineFound })
const told = (answers: readonly (string | undefined)[], look: Awaited<ReturnType<Provider['look']>> = present) => {
  const left = [...answers]
  const asked: unknown[] = []
  const provider = {
    look: (ref: unknown) => Promise.resolve((asked.push(ref), look)),
    findAddress: () => Promise.resolve(ok(left.shift())),
  } as unknown as Provider
  return { asked, located: locate({ provider }, input, handlerContext()) }
}

test('[pitfall 17] the guest agent is asked until it tells, for so long and no longer', async () => {
  const { asked, located } = told([undefined, undefined, '192.168.1.200'])
  expect(await located).toMatchObject({ ok: true, value: { address: '192.168.1.200' } })
  expect(asked).toHaveLength(3)
  expect(asked[0]).toEqual({ machineId: input.machineId, host: 'prod-srv-01', vmid: 2001, mac: MAC })
  expect(await told([]).located).toMatchObject({
    ok: false,
    error: { code: 'deadline-passed', facts: { waitingFor: 'the guest agent to tell the address' } },
  })
})

test('[P7] another guest in its place is not asked', async () => {
  const foreign = ok({ state: 'foreign' as const, guest: { host: 'a', name: 'nas', uuid: undefined, macs: [] } })
  expect(await told(['192.168.1.9'], foreign).located).toMatchObject({ ok: false, error: { code: 'not-found' } })
  const refused = err(problem('permission-missing', { privilege: 'VM.GuestAgent.Audit' }))
  expect(await told(['192.168.1.9'], refused).located).toMatchObject({
    ok: false,
    error: { code: 'permission-missing' },
  })
})

test('a machine whose address is known is not looked for', async () => {
  const { asked, located } = told([])
  await located
  const before = asked.length
  const known = { ...input, address: '192.168.1.51' }
  expect(await locate({ provider: {} as Provider }, known, handlerContext())).toEqual({ ok: true, value: known })
  expect(asked).toHaveLength(before)
})
