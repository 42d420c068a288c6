import { expect, test } from 'vitest'
import { cidataFileName } from '#agent/providers/cidata.ts'
import type { Volume } from '#lab/proxmox/storages.ts'
import { Client, ticketHeaders } from '#test/lab/proxmox/client.ts'
import { wordsOf } from '#test/support/proxmox-commands.ts'
import { complaints, onlyComplaint } from './builders.ts'
import { aDoctorSite, aPlan, examineSite, HOST, ROOT_PASSWORD, TARGETS, type DoctorSite } from './lab-site.ts'

/** The checks of our own machines against a simulated host: read as they come, judged, and mended by what is printed. */
const UUID = '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0001'

const AN_ISO: Omit<Volume, 'id' | 'volid'> = {
  storage: 'local',
  content: 'iso',
  format: 'iso',
  vmid: undefined,
  path: '/var/lib/vz/template/iso/x.iso',
  sizeBytes: 400_000,
  usedBytes: 400_000,
  changedAt: 0,
  image: undefined,
}

async function rootOf(site: DoctorSite): Promise<Client> {
  return new Client(site.host, await ticketHeaders(site.host, 'root@pam', ROOT_PASSWORD))
}

/** A machine as the agent makes one, off, on the site's own pool. */
async function addMachine(site: DoctorSite, changed: Readonly<Record<string, string | number>> = {}): Promise<void> {
  const root = await rootOf(site)
  const exit = await root.run('POST', `/nodes/${HOST}/qemu`, {
    params: {
      vmid: 5000,
      name: 'cp-1',
      pool: 'lanline',
      description: `Made by lanline for cluster home. Do not edit.\nmachine: ${UUID}`,
      smbios1: `uuid=${UUID}`,
      scsi0: 'local-zfs:8',
      net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,firewall=1',
      ...changed,
    },
  })
  root.close()
  if (exit !== 'OK') throw new Error(exit)
  site.host.refreshStatistics()
}

test('a machine of ours in order is no finding', async () => {
  const site = await aDoctorSite()
  await addMachine(site)
  expect(complaints(await site.examine(true))).toEqual([])
})

test('[pitfall 41] filters of a machine’s firewall are told, and the printed commands end the findings', async () => {
  const site = await aDoctorSite(aPlan({ extras: ['quorum'] }))
  await addMachine(site)
  const options = `/nodes/${HOST}/qemu/5000/firewall/options`
  await site.type(['pvesh', 'set', options, '--enable', '1', '--ipfilter', '1'])
  expect(complaints(await site.examine(true))).toEqual([])
  await site.type(['pvesh', 'set', '/cluster/firewall/options', '--enable', '1'])
  const findings = (await site.examine(true)).filter(({ level }) => level !== 'ok')
  expect(complaints(findings)).toEqual(['problem firewall-filters-addresses', 'warning firewall-filters-macs'])
  await site.type(...findings.map(({ fix }) => wordsOf(fix ?? '')))
  expect(complaints(await site.examine(true))).toEqual([])
})

test('[pitfall 39] a machine whose creation died with its host is told with the command that unlocks it', async () => {
  const site = await aDoctorSite()
  await addMachine(site)
  site.host
    .guests()
    .find(({ vmid }) => vmid === 5000)
    ?.config.set('lock', 'clone')
  site.host.refreshStatistics()
  expect(onlyComplaint(await site.examine(true)).fix).toBe(`qm unlock 5000   # on ${HOST}`)
})

test('[pitfall 37] a disk of our range whose machine is gone is told, as far as the rights let it be seen', async () => {
  const orphaned = async (site: DoctorSite): Promise<DoctorSite> => {
    await addMachine(site)
    const storage = site.host.world.storages.get('local-zfs')
    const [disk] = site.host.volumes().filter(({ vmid }) => vmid === 5000)
    if (!disk) throw new Error('the machine has no disk')
    storage.volumes.set('orphan', { ...disk, id: 'orphan', volid: 'local-zfs:vm-5007-disk-0', vmid: 5007 })
    return site
  }
  const seeing = await orphaned(await aDoctorSite(aPlan({ extras: ['orphans'] })))
  expect(onlyComplaint(await seeing.examine(true))).toMatchObject({
    code: 'volume-left-behind',
    fix: `pvesm free local-zfs:vm-5007-disk-0   # on ${HOST}`,
  })
  // With the least rights Proxmox lists only the disks of guests that are there.
  const least = await orphaned(await aDoctorSite())
  expect(complaints(await least.examine(true))).toEqual([])
})

test('[pitfall 37] a CD whose machine is gone is told; that of a machine that is there is not', async () => {
  const site = await aDoctorSite()
  await addMachine(site)
  const storage = site.host.world.storages.get('local')
  for (const machineId of [UUID, 'aaaaaaaa-0000-4000-8000-000000000000']) {
    const volid = `local:iso/${cidataFileName(machineId)}`
    storage.volumes.set(volid, { ...AN_ISO, id: volid, volid })
  }
  expect(onlyComplaint(await site.examine(true)).about).toContain('aaaaaaaa-0000')
})

test('a machine that no cluster of the agent has is told, when the running agent says what it has', async () => {
  const site = await aDoctorSite()
  await addMachine(site)
  const watching = { clusters: [{ name: 'home', vip: '', machineCount: 0, machines: [] }] }
  expect(complaints(await examineSite(site.config, true, watching))).toEqual(['warning machine-unwanted'])
  const machines = [{ machineId: UUID, name: 'cp-1', vmid: 5000 }]
  const known = { clusters: [{ name: 'home', vip: '', machineCount: 1, machines }] }
  expect(complaints(await examineSite(site.config, true, known))).toEqual([])
})

test('a device that a machine has is looked up by its mapping, and a mapping without the right on it is told', async () => {
  const host = {
    pciDevices: [
      {
        id: '0000:01:00.0',
        class: '0x0107',
        vendor: '0x1000',
        vendorName: 'Broadcom / LSI',
        device: '0x0097',
        deviceName: 'SAS3008',
        iommuGroup: 14,
      },
    ],
    pciMappings: [{ id: 'hba', map: [`node=${HOST},path=0000:01:00.0,id=1000:0097`] }],
  }
  const blind = await aDoctorSite(aPlan(), { host })
  await addMachine(blind, { machine: 'q35', hostpci0: 'mapping=hba,pcie=1' })
  expect(onlyComplaint(await blind.examine(true))).toMatchObject({ code: 'mapping-missing', about: 'mapping hba' })
  const seeing = await aDoctorSite(aPlan({ targets: { ...TARGETS, mappings: ['hba'] } }), { host })
  await addMachine(seeing, { machine: 'q35', hostpci0: 'mapping=hba,pcie=1' })
  expect(complaints(await seeing.examine(true))).toEqual([])
})

test('[pitfall 43] registered tags are told to those who may see the rules, and the printed command ends the finding', async () => {
  const rules = ['pvesh', 'set', '/cluster/options', '--registered-tags', 'lanline;prod']
  const least = await aDoctorSite()
  await least.type(rules)
  expect((await least.examine(true)).some(({ about }) => about === 'tags')).toBe(false)
  const seeing = await aDoctorSite(aPlan({ extras: ['quorum'] }))
  await seeing.type(rules)
  const found = onlyComplaint(await seeing.examine(true))
  expect(found.code).toBe('tags-registered')
  await seeing.type(wordsOf(found.fix ?? ''))
  expect(complaints(await seeing.examine(true))).toEqual([])
})
