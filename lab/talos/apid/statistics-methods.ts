import { Code, ConnectError } from '@connectrpc/connect'
import { mountsOf } from '../mounts.ts'
import type { TalosNode } from '../node.ts'
import { ContainerDriver } from '../proto/common_pb.js'
import { ConnectRecord_State } from '../proto/system_pb.js'
import { containersOf } from '../workload.ts'
import type { MachineMethods } from './machine-service.ts'

const MIB = 1024 * 1024
/** Share of memory that nobody uses, and that could be freed besides. */
const FREE_SHARE = 0.6
const CACHED_SHARE = 0.2
/** Jiffies are counted in hundredths of a second; this share of the time the processors are busy. */
const BUSY_SHARE = 0.04

/** What a node measures of itself: sizes are its hardware's, times grow with its uptime. */
export function statisticsMethods(node: TalosNode): MachineMethods {
  const uptimeSeconds = () => ((node.world.time.now() - node.bootedAt) * node.world.time.rate) / 1000
  const cpu = (cores: number) => ({
    user: uptimeSeconds() * cores * BUSY_SHARE * 0.7,
    system: uptimeSeconds() * cores * BUSY_SHARE * 0.3,
    idle: uptimeSeconds() * cores * (1 - BUSY_SHARE),
  })
  const namespaceOf = (namespace: string, driver: ContainerDriver): 'system' | 'k8s.io' => {
    if (namespace === '') throw new ConnectError("namespace can't be empty", Code.InvalidArgument)
    if (driver === ContainerDriver.CRI && namespace !== 'k8s.io')
      throw new ConnectError('CRI inspector is supported only for K8s namespace', Code.Unknown)
    return namespace === 'k8s.io' ? 'k8s.io' : 'system'
  }
  return {
    containers: ({ namespace, driver }) => ({
      messages: [
        {
          containers: containersOf(node, namespaceOf(namespace, driver)).map((one) => ({
            namespace,
            id: one.id,
            internalId: one.id,
            podId: one.podId,
            name: one.name,
            image: one.image,
            pid: one.pid,
            status: driver === ContainerDriver.CRI ? 'CONTAINER_RUNNING' : 'RUNNING',
          })),
        },
      ],
    }),
    stats: ({ namespace, driver }) => ({
      messages: [
        {
          stats: containersOf(node, namespaceOf(namespace, driver)).map((one) => ({
            namespace,
            id: one.id,
            podId: one.podId,
            name: one.name,
            memoryUsage: BigInt(one.memoryBytes),
            cpuUsage: BigInt(one.cpuNs),
          })),
        },
      ],
    }),
    restart({ namespace, driver, id }) {
      const found = containersOf(node, namespaceOf(namespace, driver)).find((one) => one.id === id)
      if (!found) throw new ConnectError(`container "${id}" not found`, Code.Unknown)
      node.journal.kernel(`[talos] restarting container ${id}`)
      return { messages: [{}] }
    },
    processes: () => ({ messages: [{ processes: processesOf(node) }] }),
    memory() {
      const total = node.hardware.memoryMiB * 1024
      const share = (part: number) => BigInt(Math.round(total * part))
      return {
        messages: [
          {
            meminfo: {
              memtotal: BigInt(total),
              memfree: share(FREE_SHARE),
              memavailable: share(FREE_SHARE + CACHED_SHARE),
              cached: share(CACHED_SHARE),
              buffers: share(0.002),
              active: share(0.2),
              inactive: share(0.15),
              shmem: share(0.005),
              slab: share(0.01),
            },
          },
        ],
      }
    },
    loadAvg: () => ({ messages: [{ load1: 0.42, load5: 0.38, load15: 0.3 }] }),
    systemStat: () => ({
      messages: [
        {
          bootTime: BigInt(Math.floor(node.bootedAt / 1000)),
          cpuTotal: cpu(node.hardware.cores),
          cpu: Array.from({ length: node.hardware.cores }, () => cpu(1)),
          processCreated: 4242n,
          processRunning: 2n,
        },
      ],
    }),
    cPUInfo: () => ({
      messages: [
        {
          cpuInfo: Array.from({ length: node.hardware.cores }, (_, processor) => ({
            processor,
            vendorId: 'GenuineIntel',
            modelName: 'Intel(R) Xeon(R) CPU E5-2697 v4 @ 2.30GHz',
            cpuMhz: 2300,
            physicalId: '0',
            coreId: String(processor),
            cpuCores: node.hardware.cores,
            siblings: node.hardware.cores,
          })),
        },
      ],
    }),
    mounts: () => ({
      messages: [
        {
          stats: mountsOf(node).map((mount) => ({
            filesystem: mount.source,
            size: BigInt(mount.sizeMiB) * BigInt(MIB),
            available: BigInt(mount.availableMiB) * BigInt(MIB),
            mountedOn: mount.target,
          })),
        },
      ],
    }),
    networkDeviceStats() {
      const devices = node.links.map((link) => ({ name: link.name, ...traffic(uptimeSeconds()) }))
      return { messages: [{ total: { name: 'total', ...traffic(uptimeSeconds() * devices.length) }, devices }] }
    },
    diskStats() {
      const counted = { readCompleted: 4_000n, writeCompleted: BigInt(Math.round(uptimeSeconds() * 3)) }
      return { messages: [{ total: { name: 'total', ...counted }, devices: [{ name: 'sda', ...counted }] }] }
    },
    netstat: () => ({
      messages: [
        {
          connectrecord: listening(node).map(([port, name]) => ({
            l4proto: 'tcp',
            localip: '0.0.0.0',
            localport: port,
            remoteip: '0.0.0.0',
            state: ConnectRecord_State.LISTEN,
            process: { name },
          })),
        },
      ],
    }),
  }
}

const traffic = (seconds: number) => ({
  rxBytes: BigInt(Math.round(seconds * 12_000)),
  rxPackets: BigInt(Math.round(seconds * 40)),
  txBytes: BigInt(Math.round(seconds * 9_000)),
  txPackets: BigInt(Math.round(seconds * 35)),
})

function listening(node: TalosNode): readonly (readonly [number, string])[] {
  const { config, services } = node
  return [
    [50_000, 'apid'] as const,
    ...(services.healthy('trustd') ? [[50_001, 'trustd'] as const] : []),
    ...(services.healthy('etcd') ? [[2_379, 'etcd'] as const, [2_380, 'etcd'] as const] : []),
    ...(services.healthy('kubelet') ? [[10_250, 'kubelet'] as const] : []),
    ...(node.apiServer && config ? [[config.apiPort, 'kube-apiserver'] as const] : []),
  ]
}

function processesOf(node: TalosNode) {
  const process = (pid: number, ppid: number, command: string, memoryMiB: number, args: string) => ({
    pid,
    ppid,
    state: 'S',
    threads: 12,
    cpuTime: 4.2,
    virtualMemory: BigInt(memoryMiB * 20 * MIB),
    residentMemory: BigInt(memoryMiB * MIB),
    command,
    executable: args.split(' ')[0] ?? '',
    args,
  })
  const containers = (['system', 'k8s.io'] as const).flatMap((namespace) => containersOf(node, namespace))
  return [
    process(1, 0, 'init', 110, '/sbin/init'),
    process(2, 0, 'kthreadd', 0, ''),
    process(900, 1, 'containerd', 60, '/bin/containerd --address /system/run/containerd/containerd.sock'),
    ...containers.map((one) => process(one.pid, 900, one.name, one.memoryBytes / MIB, `/usr/bin/${one.name}`)),
  ]
}
