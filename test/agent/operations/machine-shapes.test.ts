import { afterEach, describe, expect, test } from 'vitest'
import type { OperationInput } from '#core/model/operation.ts'
import { cidataFileName } from '#agent/providers/cidata.ts'
import { createMachine } from '#agent/operations/machine-create.ts'
import { ensureImage } from '#agent/operations/image-ensure.ts'
import { toNewMachine } from '#agent/operations/new-machine.ts'
import { removeMachine } from '#agent/operations/machine-remove.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import { crashAfterEachEffect } from '#test/support/crash-after-each-effect.ts'
import { aDiskShape, aHardware, aNicShape } from '#test/support/hardware.ts'
import {
  aCreation,
  aRemoval,
  HOST,
  SCHEMATIC,
  startProxmoxSite,
  TALOS_VERSION,
  type ProxmoxSite,
} from '#test/support/proxmox-site.ts'
import { handlerContext } from '#test/support/step-journal.ts'
import type { Release } from '#lab/proxmox/profile.ts'

/** Machines of every shape, on both releases of first class, with the rights that such shapes need. */
const MORE = ['VM.Config.CDROM', 'VM.Config.Cloudinit']
const sites: ProxmoxSite[] = []
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close()
})

async function aSite(release: Release = '9.2'): Promise<ProxmoxSite> {
  const site = await startProxmoxSite(
    (host) => {
      const access = host.setUpLeastPrivilege({ more: MORE })
      // The image store is ours alone, so the right to delete from it harms nobody.
      host.cluster.access.roles.get('LanlineImage')?.add('Datastore.Allocate')
      host.cluster.access.roles.set('LanlineMapping', new Set(['Mapping.Use']))
      host.cluster.access.grant('/mapping/pci', 'LanlineMapping', 'lanline@pve', true)
      return access
    },
    release,
    {
      pciMappings: [{ id: 'hba', map: [`node=${HOST},path=0000:01:00.0,id=1000:0097`] }],
      pciDevices: [
        {
          id: '0000:01:00.0',
          class: '0x010700',
          vendor: '0x1000',
          vendorName: 'Broadcom',
          device: '0x0097',
          deviceName: 'SAS3008',
          iommuGroup: 12,
        },
      ],
    },
  )
  sites.push(site)
  await site.bringImage()
  return site
}

const RICH = aHardware({
  numa: true,
  tpm: true,
  disks: [
    aDiskShape(),
    aDiskShape({ name: 'data', sizeGiB: 100, cache: 'writeback', backup: false, ssd: false, discard: false }),
  ],
  nics: [
    aNicShape({ vlan: 20, mtu: 1400, firewall: true }),
    aNicShape({ mac: '02:54:41:00:00:02', addressCidr: '10.0.0.5/24', gateway: undefined }),
  ],
  devices: [{ mapping: 'hba', pcie: true }],
  tags: ['Storage', 'prod'],
  protection: true,
  onboot: false,
})
const configOf = (site: ProxmoxSite) =>
  Object.fromEntries(site.host.guests().find((guest) => guest.vmid === 2001)?.config ?? [])

describe.each(['9.2', '8.4'] as const)('on %s', (release) => {
  test('a machine with everything comes into being as it was asked for, and goes', async () => {
    const site = await aSite(release)
    const input = aCreation({ hardware: RICH, guestAgent: true })
    expect(await createMachine(site.deps)(input, handlerContext())).toEqual({ ok: true, value: { vmid: 2001 } })
    const config = configOf(site)
    expect(config).toMatchObject({
      bios: 'ovmf',
      numa: '1',
      onboot: '0',
      protection: '1',
      hostpci0: 'mapping=hba,pcie=1',
    })
    expect(config['tags']).toBe('lanline;lanline-home;prod;storage')
    expect(config['scsi0']).toMatch(/size=40G/)
    expect(config['scsi1']).toMatch(/^local-zfs:vm-2001-disk-\d,.*backup=0.*size=100G/)
    expect(config['tpmstate0']).toMatch(/version=v2\.0/)
    expect(config['net0']).toMatch(/^virtio=02:54:41:00:00:01,bridge=vmbr0,firewall=1,.*mtu=1400,tag=20/)
    expect(config['ipconfig1']).toBe('ip=10.0.0.5/24')
    expect(site.host.tasks().filter(({ upid }) => upid.includes(':qmcreate:'))).toHaveLength(1)
    expect(await site.provider.findDrift(toNewMachine(input))).toEqual({ ok: true, value: [] })
    site.host
      .guests()
      .find(({ vmid }) => vmid === 2001)!
      .config.set('memory', '4096')
    expect(await site.provider.findDrift(toNewMachine(input))).toEqual({
      ok: true,
      value: [{ attribute: 'memory-mib', driftClass: 'pending', wanted: '8192', is: '4096', waits: false }],
    })

    expect(await startMachine(site.deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(await removeMachine(site.deps)(aRemoval(), handlerContext())).toEqual({ ok: true, value: { leftovers: [] } })
    expect(site.host.guests().map(({ vmid }) => vmid)).toEqual([100])
  })

  test('[pitfall 40] UDP tunnel offload is off where it can be, and no reason to fail where it cannot', async () => {
    const site = await aSite(release)
    expect(await createMachine(site.deps)(aCreation(), handlerContext())).toMatchObject({ ok: true })
    expect(String(configOf(site)['net0']).includes('host-tunnel=0')).toBe(release === '9.2')
  })
})

describe('[pitfall 4] a host that installs from an ISO', () => {
  const boot = { by: 'iso', isoStorage: 'local' } as const
  const image: OperationInput<'image.ensure'> = {
    host: HOST,
    imageStorage: 'local',
    talosVersion: TALOS_VERSION,
    extensions: [],
    schematicId: SCHEMATIC,
    media: 'iso',
  }

  test('[pitfall 36] gets the ISO, boots it behind its empty disk, and loses it once it is configured', async () => {
    const site = await aSite()
    const brought = await ensureImage(site.deps)(image, handlerContext())
    const iso = `local:iso/talos-${TALOS_VERSION}-${SCHEMATIC.slice(0, 8)}-nocloud-amd64.iso`
    expect(brought).toEqual({ ok: true, value: { volumeId: iso } })
    expect(await createMachine(site.deps)(aCreation({ boot }), handlerContext())).toMatchObject({ ok: true })
    expect(configOf(site)).toMatchObject({
      boot: 'order=scsi0;ide0',
      ide0: expect.stringMatching(`^${iso},media=cdrom`),
    })
    expect(configOf(site)['scsi0']).toContain('size=40G')

    await startMachine(site.deps)(aCreation({ boot }), handlerContext())
    // A running guest keeps its drive, and an empty drive keeps no guest on its host.
    for (let time = 0; time < 2; time++) {
      expect(await site.provider.ejectMedia(aCreation().machineId)).toEqual({ ok: true, value: undefined })
      expect(await site.provider.look(aCreation())).toMatchObject({ value: { machine: { media: [], running: true } } })
    }
    expect(configOf(site)['ide2']).toContain('cloudinit')
  })
})

describe('[pitfall 56] a machine that learns its address from a CD of ours', () => {
  const input = aCreation({ addressing: 'cidata' })
  const cd = `local:iso/${cidataFileName(input.machineId)}`

  test('finds the CD in its drive, and leaves none behind', async () => {
    const site = await aSite()
    expect(await createMachine(site.deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(configOf(site)['ide2']).toContain(`${cd},media=cdrom`)
    expect(site.host.volumes().map(({ volid }) => volid)).toContain(cd)
    expect(await removeMachine(site.deps)(aRemoval(), handlerContext())).toEqual({ ok: true, value: { leftovers: [] } })
    expect(site.host.volumes().map(({ volid }) => volid)).not.toContain(cd)
  })

  test('[pitfall 37] without the right to delete it, it is told', async () => {
    const site = await aSite()
    site.host.cluster.access.roles.get('LanlineImage')?.delete('Datastore.Allocate')
    await createMachine(site.deps)(input, handlerContext())
    expect(await removeMachine(site.deps)(aRemoval(), handlerContext())).toEqual({
      ok: true,
      value: { leftovers: [`volume ${cd}`] },
    })
  })

  test('[pitfall 6] the upload has a length, its fields stand before the file, and it may be repeated', async () => {
    const site = await aSite()
    const effect = { kind: 'connection-lost', workHappens: true } as const
    site.host.faults.add({ method: 'POST', path: /\/upload$/, effect })
    expect(await createMachine(site.deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(site.host.volumes().filter(({ volid }) => volid === cd)).toHaveLength(1)
  })

  test('[O20] killed after every effect, one protected machine with one CD comes of it', async () => {
    const report = await crashAfterEachEffect(createMachine, async () => {
      const fresh = await aSite()
      return {
        deps: fresh.deps,
        input: { ...input, hardware: aHardware({ protection: true }) },
        check(result) {
          expect(result).toEqual({ ok: true, value: { vmid: 2001 } })
          expect(configOf(fresh)).toMatchObject({ protection: '1', smbios1: `uuid=${input.machineId}` })
          expect(fresh.host.volumes().filter(({ volid }) => volid === cd)).toHaveLength(1)
        },
        close: () => Promise.resolve(),
      }
    })
    expect(report.effects).toEqual(expect.arrayContaining(['startUpload', 'startCreation', 'setProtection']))
  })
})

test('[pitfall 54] the disk is grown before the first boot', async () => {
  const site = await aSite()
  await createMachine(site.deps)(aCreation(), handlerContext())
  await startMachine(site.deps)(aCreation(), handlerContext())
  const types = site.host
    .tasks()
    .map(({ upid }) => upid.split(':')[5])
    .toReversed()
  expect(types.indexOf('resize')).toBeGreaterThan(types.indexOf('qmcreate'))
  expect(types.indexOf('resize')).toBeLessThan(types.indexOf('qmstart'))
})

test('[pitfall 52] a size is absolute, so a repeated growth grows nothing twice', async () => {
  const site = await aSite()
  const effect = { kind: 'connection-lost', workHappens: true } as const
  site.host.faults.add({ method: 'PUT', path: /\/resize$/, effect })
  await createMachine(site.deps)(aCreation(), handlerContext())
  expect(configOf(site)['scsi0']).toContain('size=40G')
})

test('[pitfall 57] nothing is made while any of its addresses answers, the second NIC included', async () => {
  const site = await aSite()
  const nics = [aNicShape(), aNicShape({ mac: '02:54:41:00:00:02', addressCidr: '10.0.0.5/24', gateway: undefined })]
  const findListener = (address: string) => Promise.resolve(address === '10.0.0.5' ? 22 : undefined)
  const deps = { ...site.deps, addresses: { findListener } }
  expect(await createMachine(deps)(aCreation({ hardware: aHardware({ nics }) }), handlerContext())).toMatchObject({
    ok: false,
    error: { code: 'address-in-use', facts: { address: '10.0.0.5' } },
  })
  expect(site.host.guests().map(({ vmid }) => vmid)).toEqual([100])
})
