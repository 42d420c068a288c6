import { describe, expect, test } from 'vitest'
import { Secret } from '#core/base/secret.ts'
import { wordsOf } from '#test/support/proxmox-commands.ts'
import { complaints, onlyComplaint } from './builders.ts'
import { aDoctorSite, aPlan, examineSite } from './lab-site.ts'

/** The checks against a simulated host: what is found is what is wrong, and the printed fix, typed, ends it. */
const fixOf = (fix: string | undefined): readonly (readonly string[])[] => (fix ?? '').split('\n').map(wordsOf)

describe.each(['9.2', '8.4'] as const)('a host of %s', (release) => {
  const plan = aPlan({ release: release === '9.2' ? [9, 2] : [8, 4] })

  test('set up by the script it is in order, with documents and without', async () => {
    const site = await aDoctorSite(plan, { release })
    for (const withDocuments of [false, true]) {
      const findings = await site.examine(withDocuments)
      expect(complaints(findings)).toEqual([])
      expect(findings.length).toBeGreaterThan(15)
    }
  })

  test('[pitfall 4] the fix for a storage without import, typed as printed, ends the finding', async () => {
    const site = await aDoctorSite(plan, { release })
    await site.type(['pvesm', 'set', 'local', '--content', 'backup,iso,vztmpl'])
    const found = onlyComplaint(await site.examine(true))
    expect(found.fix).toBe('pvesm set local --content backup,import,iso,vztmpl')
    await site.type(...fixOf(found.fix))
    expect(complaints(await site.examine(true))).toEqual([])
  })

  test('[pitfall 9] the fix for each missing privilege, typed as printed, ends the finding', async () => {
    const site = await aDoctorSite(plan, { release })
    await site.type(
      ['pveum', 'role', 'modify', 'LanlineVM', '--privs', 'VM.Allocate'],
      ['pveum', 'acl', 'modify', '/vms', '--users', 'lanline@pve', '--roles', 'LanlineVMAudit', '--delete', '1'],
    )
    const findings = (await site.examine(true)).filter(({ level }) => level !== 'ok')
    expect(findings.map(({ about }) => about)).toEqual(
      expect.arrayContaining(['VM.Config.CPU on /pool/lanline', 'VM.Audit on /vms']),
    )
    for (const { code, fix } of findings) if (code === 'privilege-missing') await site.type(...fixOf(fix))
    expect(complaints(await site.examine(true))).toEqual([])
  })
})

describe('a host that boots machines from ISOs', () => {
  test('[pitfall 9] the right to bring images is missed without documents as well, and the printed fix ends it', async () => {
    const site = await aDoctorSite(aPlan({ release: [8, 2] }), {
      release: '8.2',
      // Before 8.4 no storage takes disk images of others.
      host: {
        storages: [
          { name: 'local', type: 'dir', content: ['iso', 'vztmpl'], totalBytes: 100 * 1024 ** 3 },
          { name: 'local-zfs', type: 'zfspool', content: ['images', 'rootdir'], totalBytes: 900 * 1024 ** 3 },
        ],
      },
    })
    const missingOf = async () => (await site.examine(false)).filter(({ code }) => code === 'privilege-missing')
    expect(await missingOf()).toEqual([])
    await site.type(['pveum', 'role', 'modify', 'LanlineImage', '--privs', 'Datastore.Audit'])
    const missing = await missingOf()
    expect(missing.map(({ about }) => about)).toEqual(['Datastore.AllocateTemplate on /storage/local'])
    await site.type(...fixOf(missing[0]?.fix))
    expect(await missingOf()).toEqual([])
  })
})

describe('the token', () => {
  test('[pitfall 9] a separated token without rights is one finding, and its first command ends it', async () => {
    const site = await aDoctorSite()
    await site.type(['pveum', 'user', 'token', 'modify', 'lanline@pve', 'agent', '--privsep', '1'])
    const findings = await site.examine(true)
    const found = findings.find(({ code }) => code === 'token-without-rights')
    expect(found?.level).toBe('problem')
    expect(findings.filter(({ code }) => code === 'privilege-missing')).toEqual([])
    await site.type(wordsOf((found?.fix ?? '').split('\n')[0] ?? ''))
    expect(complaints(await site.examine(true))).toEqual([])
  })

  test('a wrong secret is one problem; what could not be looked at is told once', async () => {
    const { config } = await aDoctorSite()
    const wrong = { ...config, proxmox: { ...config.proxmox, tokenSecret: new Secret('wrong') } }
    const findings = await examineSite(wrong, true)
    expect(complaints(findings)).toEqual(['problem token-refused', 'warning not-looked-at'])
  })
})

describe('the way there', () => {
  test('a host that is away is one problem; what could not be looked at is told once', async () => {
    const site = await aDoctorSite()
    site.host.setOnline(false)
    expect(complaints(await site.examine(true))).toEqual(['problem endpoint-unreachable', 'warning not-looked-at'])
  })

  test('a port that speaks plain HTTP is told as that', async () => {
    const site = await aDoctorSite()
    const plain = { ...site.config.proxmox, endpoints: [site.config.imageFactory.replace('http:', 'https:')] }
    const found = await examineSite({ ...site.config, proxmox: plain }, true)
    expect(complaints(found)).toEqual(['problem endpoint-not-tls', 'warning not-looked-at'])
  })

  test('[pitfall 42] a certificate of another authority is a problem with the command that brings the right one', async () => {
    const site = await aDoctorSite()
    const other = await aDoctorSite()
    const strange = { ...site.config, proxmox: { ...site.config.proxmox, caPem: other.host.caPem } }
    const found = (await examineSite(strange, true)).find(({ code }) => code === 'certificate-untrusted')
    expect(found?.fix).toContain('scp root@127.0.0.1:/etc/pve/pve-root-ca.pem')
  })

  test('[pitfall 42] a leaf that was renewed under the same authority is in order', async () => {
    const site = await aDoctorSite()
    await site.host.renewCertificate()
    expect(complaints(await site.examine(true))).toEqual([])
  })

  test('endpoints of two separate hosts are told', async () => {
    const site = await aDoctorSite()
    const other = await aDoctorSite(aPlan(), { host: { hostName: 'nas' } })
    const both = {
      ...site.config,
      proxmox: {
        ...site.config.proxmox,
        endpoints: [site.host.url, other.host.url],
        caPem: `${site.host.caPem}\n${other.host.caPem}`,
      },
    }
    other.host.cluster.access.users.set('lanline@pve', site.host.cluster.access.users.get('lanline@pve')!)
    const found = (await examineSite(both, true)).find(({ code }) => code === 'several-clusters')
    expect(found?.about).toBe(other.host.url)
  })
})

describe('the host', () => {
  test('[pitfall 55] a storage that gives no answer is named, and the others are judged', async () => {
    const site = await aDoctorSite()
    site.host.faults.add({
      method: 'GET',
      path: /storage\/local-zfs\/status$/,
      effect: { kind: 'answer', status: 596, reason: 'Connection timed out' },
    })
    expect(onlyComplaint(await site.examine(true))).toMatchObject({
      code: 'storage-hangs',
      about: 'storage local-zfs on prod-srv-01',
    })
  })

  test('[pitfall 11] a bridge without SDN.Use is told twice: as missing, and with the command that shows it', async () => {
    const site = await aDoctorSite(aPlan({ targets: { ...aPlan().targets, bridges: [] } }))
    const findings = await site.examine(true)
    expect(complaints(findings)).toEqual(['problem bridge-not-allowed', 'problem bridge-missing'])
    const [first] = findings.filter(({ level }) => level !== 'ok')
    await site.type(...fixOf(first?.fix))
    expect(complaints(await site.examine(true))).toEqual([])
  })

  test('[pitfall 51] a staged network change is told, and the command that drops it ends the finding', async () => {
    const site = await aDoctorSite()
    site.host.world.stagedBridges = [...site.host.world.bridges]
    const found = onlyComplaint(await site.examine(true))
    expect(found.code).toBe('network-staged')
    await site.type(wordsOf((found.fix ?? '').split('\n').at(-1) ?? ''))
    expect(complaints(await site.examine(true))).toEqual([])
  })

  test('[pitfall 1] a foreign guest in the range of the documents is told', async () => {
    const site = await aDoctorSite()
    site.host.addForeignGuest({ vmid: 5500, name: 'other', cores: 1, memoryMiB: 512, running: false })
    expect(complaints(await site.examine(true))).toEqual(['warning vmids-shared'])
  })

  test('[pitfall 60] a UUID that two guests have is told with both', async () => {
    const site = await aDoctorSite()
    const uuid = '11111111-2222-4333-8444-555555555555'
    for (const vmid of [101, 102])
      site.host.addForeignGuest({ vmid, name: `nas-${vmid}`, cores: 1, memoryMiB: 512, running: false, uuid })
    expect(onlyComplaint(await site.examine(true)).text).toMatch(/nas-102 .* and nas-101|nas-101 .* and nas-102/)
  })

  test('the doctor only reads: not one call of it is anything but GET', async () => {
    const site = await aDoctorSite()
    const before = site.host.tasks().length
    // A fault on every other method would be met by the first call that is not a GET.
    for (const method of ['POST', 'PUT', 'DELETE'])
      site.host.faults.add({ method, path: /./, effect: { kind: 'answer', status: 500, reason: 'the doctor wrote' } })
    expect(complaints(await site.examine(true))).toEqual([])
    expect(site.host.tasks().length).toBe(before)
  })
})
