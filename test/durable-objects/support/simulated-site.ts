import { EMPTY_SEEN, type MachineSeen, type SiteSeen } from '#core/model/seen.ts'
import { shapeOf, type MachineShape } from '#core/model/machine-shape.ts'
import type { OperationInput, OperationKind } from '#core/model/operation.ts'

/**
 * What a site would be like after each operation, as far as `site.seen` tells. Effects are counted, so that a test can
 * say that nothing was done twice.
 */
export interface SimulatedSite {
  seen(): SiteSeen
  /** Has the effect of an operation and answers its output. */
  perform(kind: OperationKind, input: Record<string, unknown>): Record<string, unknown>
  readonly effects: readonly string[]
}

interface Vm {
  readonly name: string
  readonly vmid: number
  readonly clusterUid: string
  readonly address: string
  role: 'controlplane' | 'worker'
  power: 'on' | 'off'
  intentHash: string | undefined
  /** As what it was last made. */
  shape: MachineShape
}

const HOST = 'pve-1'

export function createSimulatedSite(): SimulatedSite {
  const vms = new Map<string, Vm>()
  const bootstrapped = new Set<string>()
  const effects: string[] = []

  return {
    effects,
    seen: () => ({
      ...EMPTY_SEEN,
      hosts: [{ name: HOST, online: true, threads: 64, memoryMiB: 256 * 1024, version: '9.2.11' }],
      storages: [
        { host: HOST, name: 'local', content: ['import'], active: true, shared: false, totalGiB: 90, freeGiB: 80 },
        {
          host: HOST,
          name: 'local-zfs',
          content: ['images'],
          active: true,
          shared: false,
          totalGiB: 900,
          freeGiB: 900,
        },
      ],
      bridges: ['vmbr0', 'vmbr1'].map((name) => ({ host: HOST, name })),
      guests: [...vms].map(([uuid, vm]) => ({
        host: HOST,
        vmid: vm.vmid,
        uuid,
        name: vm.name,
        cpu: vm.shape.cpu,
        memoryMiB: vm.shape.memoryMiB,
        running: vm.power === 'on',
        macs: [],
      })),
      machines: [...vms].map(([machineId, vm]) => machineSeen(machineId, vm, bootstrapped.has(vm.clusterUid))),
      nodes: [...vms.values()]
        .filter((vm) => vm.intentHash !== undefined && bootstrapped.has(vm.clusterUid))
        .map(({ clusterUid, name, address }) => ({ clusterUid, name, address, ready: true, version: 'v1.36.3' })),
    }),
    perform(kind, input) {
      effects.push(`${kind} ${String(input['machineId'] ?? input['clusterUid'] ?? input['host'])}`)
      switch (kind) {
        case 'secrets.create':
          return { version: 1, ciphertext: 'sealed', recipients: ['age1recovery'] }
        case 'image.ensure':
          return { volumeId: 'local:import/talos.raw' }
        case 'machine.create': {
          const made = input as OperationInput<'machine.create'>
          const address = made.hardware.nics[0]?.addressCidr?.split('/')[0] ?? ''
          const { name, vmid, clusterUid } = made
          vms.set(made.machineId, {
            name,
            vmid,
            clusterUid,
            address,
            role: 'controlplane',
            power: 'off',
            intentHash: undefined,
            shape: shapeOf(made.hardware),
          })
          return { vmid }
        }
        case 'machine.start':
          vmOf(input).power = 'on'
          return {}
        case 'machine.resize': {
          const { hardware, restart } = input as OperationInput<'machine.resize'>
          Object.assign(vmOf(input), { shape: shapeOf(hardware) })
          return { restarted: restart === 'always' }
        }
        case 'machine.configure': {
          const { intentHash, intent } = input as OperationInput<'machine.configure'>
          Object.assign(vmOf(input), { intentHash, role: intent.role })
          return { intentHash, configToken: 'token' }
        }
        case 'etcd.bootstrap':
          bootstrapped.add(String(input['clusterUid']))
          return { memberId: '1' }
        case 'cluster.check':
          return { passed: ['etcd', 'nodes'] }
        case 'machine.remove':
          vms.delete(String(input['machineId']))
          return { leftovers: [] }
      }
    },
  }

  function vmOf(input: Record<string, unknown>): Vm {
    const vm = vms.get(String(input['machineId']))
    if (!vm) throw new Error(`there is no machine ${String(input['machineId'])}`)
    return vm
  }
}

function machineSeen(machineId: string, vm: Vm, bootstrapped: boolean): MachineSeen {
  const configured = vm.intentHash !== undefined
  return {
    machineId,
    power: vm.power,
    stage: vm.power === 'off' ? 'unreachable' : configured ? 'running' : 'maintenance',
    ready: configured && bootstrapped,
    shape: vm.shape,
    ...(configured ? { intentHash: vm.intentHash } : {}),
    ...(configured && bootstrapped && vm.role === 'controlplane'
      ? { etcd: { memberId: vm.name, learner: false, leader: false, healthy: true } }
      : {}),
  }
}
