import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aHost, AT, type LabHost } from './a-host.ts'

/** Devices by resource mapping, as a token may use them. */
const DEVICE = '0000:01:00.0'
let lab: LabHost
beforeEach(async () => {
  lab = await aHost({
    pciMappings: [
      { id: 'hba', map: [`node=prod-srv-01,path=${DEVICE},id=1000:0097`] },
      { id: 'elsewhere', map: ['node=prod-srv-09,path=0000:02:00.0,id=1000:0097'] },
    ],
  })
  await lab.fetchImage()
})
afterEach(() => lab.close())
const allow = (id: string) => {
  lab.host.cluster.access.roles.set('Mapper', new Set(['Mapping.Use']))
  lab.host.cluster.access.grant(`/mapping/pci/${id}`, 'Mapper', 'lanline@pve', true)
}
const start = (vmid: number) => lab.agent.run('POST', `${AT}/qemu/${vmid}/status/start`)

describe('a device by its mapping', () => {
  test('is refused to who may not use it, before anything is made', async () => {
    const params = { vmid: 20001, hostpci0: 'mapping=hba,pcie=1' }
    const refused = await lab.agent.call('POST', `${AT}/qemu`, { params: { ...params, pool: 'lanline' } })
    expect([refused.status, refused.reason]).toEqual([403, 'Permission check failed (/mapping/pci/hba, Mapping.Use)'])
  })

  test.each(['nobody-knows', 'elsewhere'])('that is not on this host is refused at the start: %s', async (id) => {
    allow(id)
    expect(await lab.create(20001, { hostpci0: `mapping=${id},pcie=1` })).toBe('OK')
    expect(await start(20001)).toBe(`PCI device mapping not found for '${id}'`)
  })

  test('runs in one guest at a time', async () => {
    allow('hba')
    await lab.create(20001, { hostpci0: 'mapping=hba,pcie=1' })
    await lab.create(20002, { hostpci0: 'mapping=hba,pcie=1', net0: 'virtio=02:54:41:00:00:02,bridge=vmbr0' })
    expect(await start(20001)).toBe('OK')
    expect(await start(20002)).toBe(`PCI device '${DEVICE}' already in use by VMID '20001'`)
  })
})
