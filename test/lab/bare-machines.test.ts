import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bareAddress } from '#lab/bare-machines.ts'
import { startLab, type Lab } from '#lab/lab.ts'
import { until } from './talos/support/site.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startLab({ rate: 500, machines: { count: 2, talosVersion: 'v1.14.0' } })
})
afterAll(() => lab.close())

describe('machines without a hypervisor', () => {
  test('stand on the LAN in maintenance mode, with the Talos that was asked for', async () => {
    await until(
      () => lab.nodes().length === 2 && lab.nodes().every((node) => node.stage === 'maintenance'),
      'both are up',
    )
    expect(lab.nodes().map((node) => node.disk?.talosVersion)).toEqual(['v1.14.0', 'v1.14.0'])
    const apids = [bareAddress(0), bareAddress(1)].map((address) =>
      lab.lan.services().some((service) => JSON.stringify(service).includes(address)),
    )
    expect(apids).toEqual([true, true])
    expect(lab.violations()).toEqual([])
  })
})
