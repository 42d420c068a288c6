import { NOTHING, type Route } from '../route.ts'
import { NODE, NODE_AND_VM } from '../vm-parameters.ts'
import { words } from '../words.ts'

/** Index pages: what lies below a path. Anybody who is logged in may turn them. */
const page = (path: string, key: string, entries: string, parameters = NOTHING): Route => ({
  method: 'GET',
  path,
  parameters,
  latencyMs: 1,
  withoutQuorum: true,
  handle: () => words(entries).map((entry) => ({ [key]: entry })),
})

export const pageRoutes: readonly Route[] = [
  page('/access', 'subdir', 'users groups roles acl domains openid tfa ticket permissions password'),
  page(
    '/cluster',
    'name',
    'replication metrics notifications config firewall backup ha acme ceph jobs mapping sdn log resources tasks options status nextid',
  ),
  page('/cluster/mapping', 'name', 'dir pci usb'),
  page('/cluster/ha', 'id', 'status resources groups'),
  page(
    '/nodes/{node}',
    'name',
    'apt capabilities certificates config disks dns firewall hardware lxc network qemu query-url-metadata rrddata sdn status storage subscription tasks time version',
    NODE,
  ),
  page('/nodes/{node}/hardware', 'type', 'pci usb', NODE),
  page('/nodes/{node}/disks', 'name', 'list initgpt smart lvm lvmthin directory wipedisk zfs', NODE),
  page(
    '/nodes/{node}/qemu/{vmid}',
    'subdir',
    'config pending status unlink vncproxy agent rrd rrddata monitor migrate clone snapshot firewall resize move_disk template cloudinit feature',
    NODE_AND_VM,
  ),
  page(
    '/nodes/{node}/qemu/{vmid}/status',
    'subdir',
    'current start stop reset shutdown suspend reboot resume',
    NODE_AND_VM,
  ),
]
