import { describe, expect, test } from 'vitest'
import { judgeDuplicates } from '#agent/doctor/checks/duplicates.ts'
import { judgeVmids } from '#agent/doctor/checks/foreign-vmids.ts'
import { judgeLocks } from '#agent/doctor/checks/guest-locks.ts'
import { judgeLeftovers } from '#agent/doctor/checks/leftovers.ts'
import { judgeMappings } from '#agent/doctor/checks/mappings.ts'
import { aGuest, complaints, onlyComplaint } from './builders.ts'

describe('identities', () => {
  test('[pitfall 60] a UUID that two guests have is told with both, and the fix changes the one that is off', () => {
    const copy = aGuest({ vmid: 300, name: 'restored', running: false, ours: false, macs: [] })
    const found = onlyComplaint(judgeDuplicates([aGuest(), copy]))
    expect(found).toMatchObject({ code: 'uuid-twice', level: 'problem' })
    expect(found.text).toContain('cp-1 (VM 5000 on pve1) and restored (VM 300 on pve1)')
    expect(found.fix).toContain('qm set 300 ')
  })

  test('[pitfall 60] a MAC that two guests have is told, one that a guest has twice itself is not', () => {
    const other = aGuest({ vmid: 301, uuid: 'another' })
    expect(complaints(judgeDuplicates([aGuest(), other]))).toEqual(['problem mac-twice'])
    expect(complaints(judgeDuplicates([aGuest({ macs: ['02:54:41:00:00:01', '02:54:41:00:00:01'] })]))).toEqual([])
  })

  test('guests that cannot be read are not taken for each other', () => {
    const hidden = { uuid: undefined, macs: [], ours: false }
    expect(complaints(judgeDuplicates([aGuest(hidden), aGuest({ ...hidden, vmid: 301 })]))).toEqual([])
  })
})

describe('guest locks', () => {
  test('[pitfall 39] a lock without a task is stuck, and the command is named that only root may run', () => {
    const found = onlyComplaint(judgeLocks([{ ...aGuest(), lock: 'create', taskRunning: false }]))
    expect(found.fix).toBe('qm unlock 5000   # on pve1')
  })

  test('[pitfall 39] a lock whose task still runs is in order', () => {
    expect(complaints(judgeLocks([{ ...aGuest(), lock: 'backup', taskRunning: true }]))).toEqual([])
  })
})

describe('leftovers', () => {
  const nothing = { guests: [aGuest()], watched: undefined, volumes: [], vmids: undefined }
  const watched = [{ machineId: aGuest().uuid ?? '', name: 'cp-1', vmid: 5000 }]

  test('a machine of ours that no cluster has is told; a foreign one never is', () => {
    const old = aGuest({ vmid: 5001, name: 'old', uuid: 'aaaaaaaa-0000-4000-8000-000000000000' })
    const found = onlyComplaint(
      judgeLeftovers({ ...nothing, guests: [aGuest(), old, { ...old, ours: false }], watched }),
    )
    expect(found).toMatchObject({ code: 'machine-unwanted', about: 'old (VM 5001 on pve1)' })
  })

  test('when the agent cannot be asked what it watches, no machine is called unwanted', () => {
    expect(complaints(judgeLeftovers(nothing))).toEqual([])
  })

  test('[pitfall 37] disks of our range without a guest are told with the command that frees them', () => {
    const disk = (vmid: number) => ({ host: 'pve1', volumeId: `local-zfs:vm-${vmid}-disk-0`, vmid })
    const volumes = [disk(5000), disk(5007), disk(105)]
    const found = judgeLeftovers({ ...nothing, volumes, vmids: { first: 5000, last: 5999 } })
    expect(onlyComplaint(found).fix).toBe('pvesm free local-zfs:vm-5007-disk-0   # on pve1')
    expect(complaints(judgeLeftovers({ ...nothing, volumes }))).toEqual([])
  })

  test('[pitfall 37] cidata ISOs of ours without their machine are told; those of others never are', () => {
    const iso = (name: string) => ({ host: 'pve1', volumeId: `local:iso/${name}`, vmid: undefined })
    const volumes = [
      iso(`lanline-${aGuest().uuid}-cidata.iso`),
      iso('lanline-aaaaaaaa-0000-4000-8000-000000000000-cidata.iso'),
      iso('debian-13.iso'),
    ]
    expect(onlyComplaint(judgeLeftovers({ ...nothing, volumes })).about).toContain('aaaaaaaa-0000')
  })
})

describe('VMID range', () => {
  test('[pitfall 1] foreign guests inside the range of Lanline are told', () => {
    const range = { first: 5000, last: 5999 }
    const foreign = aGuest({ vmid: 5100, ours: false, name: 'nas' })
    expect(onlyComplaint(judgeVmids(range, [aGuest(), foreign])).text).toContain('nas (VM 5100 on pve1)')
    expect(complaints(judgeVmids(range, [aGuest(), { ...foreign, vmid: 100 }]))).toEqual([])
  })
})

describe('device mappings', () => {
  const hba = { id: 'hba', hosts: ['pve1'], complaints: [] }

  test('a mapping that is not there is a problem, with the command that makes it', () => {
    const found = onlyComplaint(judgeMappings(['hba'], []))
    expect(found.fix).toContain('pvesh create /cluster/mapping/pci --id hba')
    expect(complaints(judgeMappings(['hba'], [hba]))).toEqual([])
  })

  test('what Proxmox finds wrong with an entry is told for its host, and hosts without an entry are no fault', () => {
    const complaint = (host: string, grave: boolean) => ({ host, grave, text: "device '0000:01:00.0' does not exist" })
    const broken = { ...hba, complaints: [complaint('pve1', true), complaint('pve2', false)] }
    expect(onlyComplaint(judgeMappings(['hba'], [broken]))).toMatchObject({
      level: 'problem',
      about: 'mapping hba on pve1',
    })
  })

  test('mappings that nothing uses are not judged', () => {
    expect(judgeMappings([], [hba])).toEqual([])
  })
})
