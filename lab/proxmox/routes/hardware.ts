import { changedIn9, choice, flag, needed, text, type Parameter } from '../parameter.ts'
import { STORAGE_NAME } from './storage.ts'
import { needs, needsAny, type Call, type Route } from '../route.ts'
import { NODE, NODE_AND_VM } from '../vm-parameters.ts'
import { epochSeconds } from '../world.ts'

/** What a host is built of, what is installed on it, and graphs that nothing draws. */
const CF = choice('AVERAGE', 'MAX')
const HOURS_TO_YEARS = needed(choice('hour', 'day', 'week', 'month', 'year'))
const TO_DECADES: Parameter = changedIn9(
  needed(choice('hour', 'day', 'week', 'month', 'year', 'decade')),
  HOURS_TO_YEARS,
)
/** A graph of an hour has a point a minute. */
const POINTS = 60

export const hardwareRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/hardware/pci',
    parameters: { ...NODE, 'pci-class-blacklist': text(), verbose: flag() },
    latencyMs: 15,
    rights: needsAny('/', 'Sys.Audit', 'Sys.Modify'),
    handle: pciDevices,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/hardware/usb',
    parameters: NODE,
    latencyMs: 9,
    rights: needsAny('/', 'Sys.Audit', 'Sys.Modify'),
    handle: () => [],
  },
  {
    method: 'GET',
    path: '/nodes/{node}/disks/list',
    parameters: {
      ...NODE,
      'include-partitions': flag(),
      skipsmart: flag(),
      type: choice('unused', 'journal_disks'),
    },
    latencyMs: 60,
    rights: needsAny('/nodes/{node}', 'Sys.Audit'),
    handle: () => [
      {
        devpath: '/dev/nvme0n1',
        gpt: 1,
        health: 'PASSED',
        model: 'Simulated NVMe',
        serial: 'LAB0',
        size: 1e12,
        used: 'ZFS',
        wearout: 99,
        type: 'nvme',
        rpm: 0,
        vendor: 'unknown',
        wwn: 'eui.0000000000000000',
        osdid: -1,
        'osdid-list': null,
        by_id_link: '/dev/disk/by-id/nvme-LAB0',
      },
    ],
  },
  {
    method: 'GET',
    path: '/nodes/{node}/apt/versions',
    parameters: NODE,
    latencyMs: 90,
    rights: needs('/nodes/{node}', 'Sys.Audit'),
    handle: packages,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/subscription',
    parameters: NODE,
    latencyMs: 3,
    handle: () => ({
      status: 'notfound',
      message: 'There is no subscription key',
      serverid: null,
      url: 'https://www.proxmox.com/en/proxmox-virtual-environment/pricing',
    }),
  },
  { method: 'GET', path: '/nodes/{node}/sdn/zones', parameters: NODE, latencyMs: 8, handle: () => [] },
  {
    method: 'GET',
    path: '/nodes/{node}/rrddata',
    parameters: { ...NODE, cf: CF, timeframe: TO_DECADES },
    latencyMs: 3,
    rights: needs('/nodes/{node}', 'Sys.Audit'),
    handle: graph,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/rrddata',
    parameters: { ...NODE_AND_VM, cf: CF, timeframe: HOURS_TO_YEARS },
    latencyMs: 3,
    rights: needs('/vms/{vmid}', 'VM.Audit'),
    handle: graph,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/rrddata',
    parameters: { ...NODE, storage: STORAGE_NAME, cf: CF, timeframe: HOURS_TO_YEARS },
    latencyMs: 3,
    rights: needsAny('/storage/{storage}', 'Datastore.Audit', 'Datastore.AllocateSpace'),
    handle: graph,
  },
]

/** Bridges and memory controllers are left out unless asked for otherwise. */
function pciDevices({ world }: Call): unknown[] {
  return (world.options.pciDevices ?? []).map((device) => ({
    id: device.id,
    class: device.class,
    vendor: device.vendor,
    vendor_name: device.vendorName,
    device: device.device,
    device_name: device.deviceName,
    iommugroup: device.iommuGroup,
    subsystem_vendor: device.vendor,
    subsystem_device: device.device,
  }))
}

function packages({ world }: Call): unknown[] {
  const { version, release } = world.cluster.profile.version
  const installed = (name: string, at: string, section = 'admin') => ({
    Package: name,
    Title: name,
    Version: at,
    OldVersion: at,
    Description: name,
    Origin: 'Proxmox',
    Section: section,
    Priority: 'optional',
    Arch: 'amd64',
    CurrentState: 'Installed',
  })
  return [
    { ...installed('proxmox-ve', `${release}.0`), RunningKernel: '6.17.2-1-pve' },
    { ...installed('pve-manager', version), ManagerVersion: version },
    installed('qemu-server', release.startsWith('9') ? '9.2.6' : '8.4.6'),
    installed('ifupdown2', '3.3.0-1+pmx11', 'net'),
  ]
}

function graph({ world }: Call): unknown[] {
  const now = Math.floor(epochSeconds(world) / 60) * 60
  return Array.from({ length: POINTS }, (_, index) => ({ time: now - (POINTS - 1 - index) * 60 }))
}
