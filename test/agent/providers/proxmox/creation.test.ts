import { imageFileName } from '#agent/providers/image-names.ts'
import { describe, expect, test } from 'vitest'
import { parseProperties } from '#agent/providers/proxmox/parse.ts'
import { aNicShape } from '#test/support/hardware.ts'
import { aCreation } from '#test/support/proxmox-site.ts'
import { CIDATA, FULL, ISO, params } from './a-creation-call.ts'

describe('the parameters of a new machine', () => {
  test('carry its identity, its static address and a disk made of the image', () => {
    const machine = aCreation()
    const image = imageFileName({ ...machine, media: 'image', secureBoot: false })
    expect(params()).toMatchObject({
      vmid: 2001,
      pool: 'lanline',
      smbios1: `uuid=${machine.machineId}`,
      net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,firewall=0,host-tunnel=0',
      scsi0: `local-zfs:0,import-from=local:import/${image},discard=on,ssd=1,cache=none,serial=talos-system`,
      efidisk0: 'local-zfs:1,efitype=4m,pre-enrolled-keys=0',
      ipconfig0: 'ip=192.168.1.51/24,gw=192.168.1.1',
      nameserver: '192.168.1.1',
      boot: 'order=scsi0',
      serial0: 'socket',
      rng0: 'source=/dev/urandom',
      onboot: 1,
    })
  })

  test('say everything that hardware can say', () => {
    expect(params(FULL)).toMatchObject({
      cpu: 'host',
      numa: 1,
      onboot: 0,
      scsihw: 'virtio-scsi-single',
      tpmstate0: 'local-zfs:1,version=v2.0',
      scsi1: 'tank:500,cache=writeback,backup=0,serial=data',
      net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,tag=20,mtu=9000,firewall=1,host-tunnel=0',
      net1: 'virtio=02:54:41:00:00:02,bridge=vmbr1,firewall=0,host-tunnel=1',
      hostpci0: 'mapping=hba,pcie=1',
      hostpci1: 'mapping=gpu',
    })
    expect(params(FULL)['scsi0']).toContain('iothread=1')
    expect(params({ firmware: 'seabios' })).toMatchObject({
      bios: 'seabios',
      efidisk0: undefined,
      tpmstate0: undefined,
    })
  })

  test('[pitfall 10] hold nothing that only root may set, and no raw devices', () => {
    const forbidden = [
      'args',
      'hookscript',
      'affinity',
      'hugepages',
      'skiplock',
      'startup',
      'arch',
      'cicustom',
      'start',
    ]
    for (const key of forbidden) expect(Object.keys(params(FULL))).not.toContain(key)
    expect(Object.values(params(FULL)).join(' ')).not.toMatch(/host=|\/dev\/(?!urandom)/)
  })

  test('[pitfall 8] name no snippet, because no API brings one to a host', () => {
    expect(JSON.stringify(params(FULL))).not.toMatch(/cicustom|snippets/)
  })

  test('[pitfall 13] never enrol keys that would refuse to boot Talos, with secure boot or without', () => {
    for (const secureBoot of [true, false])
      expect(params({ secureBoot })['efidisk0']).toBe('local-zfs:1,efitype=4m,pre-enrolled-keys=0')
  })

  test('[pitfall 14] always send the CPU type, for the default does not boot Talos', () => {
    expect(params()['cpu']).toBe('x86-64-v2-AES')
  })

  test('[pitfall 15] turn ballooning off', () => {
    expect(params()['balloon']).toBe(0)
  })

  test('[pitfall 16] take the controller as it is asked for', () => {
    expect(params()['scsihw']).toBe('virtio-scsi-pci')
    expect(params({ scsiController: 'virtio-scsi-single' })['scsihw']).toBe('virtio-scsi-single')
  })

  test('[pitfall 17] promise a guest agent only when the image has one', () => {
    expect(params()['agent']).toBeUndefined()
    expect(params({}, { guestAgent: true })['agent']).toBe('enabled=1')
  })

  test('[pitfall 21] declare every NIC: static, static without a gateway, or DHCP', () => {
    expect(params(FULL)).toMatchObject({
      ipconfig0: 'ip=192.168.1.51/24,gw=192.168.1.1',
      ipconfig1: 'ip=10.0.0.5/24',
      ipconfig2: 'ip=dhcp',
    })
  })

  test('[pitfall 32] send the MAC of every NIC', () => {
    const sent = params(FULL)
    expect([0, 1, 2].map((index) => parseProperties(String(sent[`net${index}`]))['virtio'])).toEqual(
      FULL.nics.map((nic) => nic.mac),
    )
  })

  test('[pitfall 33] put the disk before the ISO, so that it is booted only while the disk is empty', () => {
    expect(params({}, { boot: ISO })).toMatchObject({
      boot: 'order=scsi0;ide0',
      ide0: 'local:iso/talos.iso,media=cdrom',
      scsi0: 'local-zfs:40,discard=on,ssd=1,cache=none,serial=talos-system',
    })
  })

  test('[pitfall 34] write the boot order in the form that can be added to', () => {
    expect(params()['boot']).toMatch(/^order=/)
  })

  test('[pitfall 35] ask for the cloud-init drive by itself', () => {
    expect(params()['ide2']).toBe('local-zfs:cloudinit')
  })

  test('[pitfall 43] never hold tags: with the rights of a pool the import would run and then fail on them', () => {
    expect(params({ tags: ['prod'] })['tags']).toBeUndefined()
  })

  test('[pitfall 38] never hold protection: a creation that failed could not be cleaned up', () => {
    expect(params({ protection: true })['protection']).toBeUndefined()
  })

  test('[pitfall 40] turn UDP tunnel offload off where the key is known, and leave it out where it is refused', () => {
    expect(params()['net0']).toContain('host-tunnel=0')
    expect(params({}, {}, false)['net0']).toBe('virtio=02:54:41:00:00:01,bridge=vmbr0,firewall=0')
  })

  test('[pitfall 41] put no firewall before a NIC that did not ask for one', () => {
    expect(params()['net0']).toContain('firewall=0')
    expect(params({ nics: [aNicShape({ firewall: true })] })['net0']).toContain('firewall=1')
  })

  test('[pitfall 47] import an image and clone nothing, so that no two machines share an identity', () => {
    expect(params()['scsi0']).toContain('import-from=')
    expect(Object.keys(params())).not.toEqual(expect.arrayContaining(['clone', 'archive']))
  })

  test('[pitfall 56] an address CD takes the place of the cloud-init drive; there are never two of them', () => {
    const sent = params({}, { addressing: CIDATA })
    expect(sent['ide2']).toBe('local:iso/lanline-x-cidata.iso,media=cdrom')
    expect(Object.keys(sent).filter((key) => /^(ipconfig|ci|nameserver)/.test(key))).toEqual([])
  })

  test('secure boot without OVMF is a mistake of ours and not sent', () => {
    expect(() => params({ secureBoot: true, firmware: 'seabios' })).toThrow('only OVMF')
  })
})
