import type { SiteSeen } from '#core/model/seen.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import type { SiteInventory } from '#agent/providers/provider.ts'
import { CLUSTER, MACHINE } from '../journal/journal-at.ts'

export const guest = (vmid: number, changes: Partial<SiteSeen['guests'][number]> = {}): SiteSeen['guests'][number] => ({
  host: 'pve',
  vmid,
  name: `vm-${vmid}`,
  cpu: 2,
  memoryMiB: 2048,
  running: true,
  macs: [],
  ...changes,
})

export const anInventory = (changes: Partial<SiteInventory> = {}): SiteInventory => ({
  hosts: [{ name: 'pve', online: true, threads: 8, memoryMiB: 65_536, version: '9.0.1' }],
  storages: [],
  bridges: [{ host: 'pve', name: 'vmbr0' }],
  guests: [],
  ...changes,
})

export const aWatch = (changes: Partial<WatchPut> = {}): WatchPut => ({
  type: 'watch.put',
  clusterUid: CLUSTER,
  clusterName: 'home',
  vip: '192.168.1.50',
  secretsVersion: 1,
  machines: [
    { machineId: MACHINE, name: 'cp-1', role: 'controlplane', address: '192.168.1.51', host: 'pve', vmid: 5000 },
  ],
  ...changes,
})
