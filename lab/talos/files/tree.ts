import { stringify } from 'yaml'
import type { TalosNode } from '../node.ts'
import { KERNEL_COMMAND_LINE } from './command-line.ts'

/**
 * The files of a node that somebody looks at: what the kernel says of itself in /proc, and what Talos writes from its
 * configuration. They are made when they are read, so they always say what is.
 */
export function filesOf(node: TalosNode): ReadonlyMap<string, string> {
  const { hardware, hostname, config, disk } = node
  const files = new Map([
    ['/proc/sys/kernel/random/boot_id', `${node.bootId}\n`],
    ['/proc/sys/kernel/hostname', `${hostname}\n`],
    ['/proc/sys/kernel/osrelease', `${node.edition.kernelVersion}\n`],
    ['/proc/cmdline', `${KERNEL_COMMAND_LINE}\n`],
    ['/proc/version', `Linux version ${node.edition.kernelVersion} (root@buildkitsandbox) #1 SMP\n`],
    ['/proc/uptime', uptime(node)],
    ['/proc/loadavg', '0.42 0.38 0.30 2/512 4242\n'],
    ['/proc/bus/pci/devices', pciDevices(node)],
    ['/proc/meminfo', memory(node)],
    ['/proc/cpuinfo', Array.from({ length: hardware.cores }, (_, cpu) => `processor\t: ${cpu}\n`).join('\n')],
    ['/sys/class/dmi/id/product_uuid', `${node.uuid}\n`],
    ['/sys/class/dmi/id/product_name', 'Standard PC (Q35 + ICH9, 2009)\n'],
    ['/etc/os-release', osRelease(disk?.talosVersion ?? '')],
    ['/etc/hostname', `${hostname}\n`],
    ['/etc/hosts', `127.0.0.1 localhost\n${node.address} ${hostname}\n::1 localhost ip6-localhost ip6-loopback\n`],
    [
      '/etc/resolv.conf',
      nameservers(node)
        .map((server) => `nameserver ${server}\n`)
        .join(''),
    ],
    ['/etc/machine-id', `${node.uuid.replaceAll('-', '')}\n`],
  ])
  for (const link of node.links) files.set(`/sys/class/net/${link.name}/address`, `${link.mac}\n`)
  if (disk?.config !== undefined) files.set('/system/state/config.yaml', disk.config)
  if (config) {
    files.set('/etc/kubernetes/kubelet.yaml', stringify({ kind: 'KubeletConfiguration', address: '0.0.0.0' }))
    files.set('/etc/kubernetes/pki/ca.crt', config.kubernetesCa.certPem)
  }
  if (disk?.etcdMember) files.set('/var/lib/etcd/member/snap/db', '')
  for (const id of node.journal.ids()) files.set(`/var/log/${id}.log`, '')
  return files
}

/** What the resolver asks: as configured, else as the platform says. */
export const nameservers = (node: TalosNode): readonly string[] =>
  node.config?.nameservers.length ? node.config.nameservers : (node.hardware.cloudInit?.nameservers ?? [])

function uptime(node: TalosNode): string {
  const seconds = ((node.world.time.now() - node.bootedAt) * node.world.time.rate) / 1000
  return `${seconds.toFixed(2)} ${(seconds * node.hardware.cores * 0.9).toFixed(2)}\n`
}

/** The network cards from slot 18 on, where Proxmox puts them: bus and function, maker and model, interrupt. */
const pciDevices = (node: TalosNode): string =>
  node.links.map((_, index) => `${((18 + index) * 8).toString(16).padStart(4, '0')}\t1af41000\ta\n`).join('')

function memory(node: TalosNode): string {
  const total = node.hardware.memoryMiB * 1024
  const line = (name: string, kib: number) => `${`${name}:`.padEnd(16)}${String(Math.round(kib)).padStart(8)} kB\n`
  return line('MemTotal', total) + line('MemFree', total * 0.6) + line('MemAvailable', total * 0.8)
}

const osRelease = (version: string): string =>
  [
    'NAME="Talos"',
    'ID=talos',
    `VERSION_ID=${version}`,
    `PRETTY_NAME="Talos (${version})"`,
    'HOME_URL="https://www.talos.dev/"',
    'BUG_REPORT_URL="https://github.com/siderolabs/talos/issues"',
    'VENDOR_NAME="Sidero Labs"',
    '',
  ].join('\n')
