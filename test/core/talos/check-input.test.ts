import { expect, test } from 'vitest'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { checkConfigInput } from '#core/talos/check-input.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import type { MachineInput } from '#core/talos/machine-config-input.ts'

const check = async (contract: TalosContract, machine: Partial<MachineInput>) =>
  checkConfigInput({ ...aConfigInput(await aBundle(), { machine }), contract })

test('a disk by expression needs a contract that knows expressions', async () => {
  const installDisk = { match: 'disk.size > 100u * GB' }
  expect(await check('1.13', { installDisk })).toMatchObject({ ok: false, error: { facts: { field: 'installDisk' } } })
  expect(await check('1.14', { installDisk })).toMatchObject({ ok: true })
})

test('bare metal needs a disk, a virtual machine does not', async () => {
  expect(await check('1.13', { platform: 'metal' })).toMatchObject({ ok: false, error: { code: 'config-refused' } })
  expect(await check('1.13', { platform: 'metal', installDisk: { path: '/dev/sda' } })).toMatchObject({ ok: true })
  expect(await check('1.13', { platform: 'vmware' })).toMatchObject({ ok: true })
})

test('kernel arguments that would be lost or refused are refused here', async () => {
  const kernelArgs = ['console=ttyS0']
  expect((await check('1.14', { kernelArgs })).ok).toBe(false)
  expect((await check('1.13', { kernelArgs, platform: 'metal', installDisk: { path: '/dev/sda' } })).ok).toBe(false)
  expect((await check('1.13', { kernelArgs })).ok).toBe(true)
})
