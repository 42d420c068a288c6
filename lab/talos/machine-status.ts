import { create } from '@bufbuild/protobuf'
import type { TalosNode } from './node.ts'
import { MachineStatusEventSchema, MachineStatusEvent_MachineStage } from './proto/events_pb.js'

export type Stage =
  | 'off'
  | 'booting'
  | 'installing'
  | 'maintenance'
  | 'running'
  | 'rebooting'
  | 'shutting down'
  | 'resetting'
  | 'upgrading'

/** The numbers of the stages, in events and in binary resources. */
export const STAGE_NUMBERS: Readonly<Record<Stage, MachineStatusEvent_MachineStage>> = {
  off: MachineStatusEvent_MachineStage.UNKNOWN,
  booting: MachineStatusEvent_MachineStage.BOOTING,
  installing: MachineStatusEvent_MachineStage.INSTALLING,
  maintenance: MachineStatusEvent_MachineStage.MAINTENANCE,
  running: MachineStatusEvent_MachineStage.RUNNING,
  rebooting: MachineStatusEvent_MachineStage.REBOOTING,
  'shutting down': MachineStatusEvent_MachineStage.SHUTTING_DOWN,
  resetting: MachineStatusEvent_MachineStage.RESETTING,
  upgrading: MachineStatusEvent_MachineStage.UPGRADING,
}

export interface MachineStatus {
  readonly stage: Stage
  readonly status: {
    readonly ready: boolean
    readonly unmetConditions: readonly { readonly name: string; readonly reason: string }[]
  }
}

/** What the machine says of itself: its stage, and what it still waits for. */
export function machineStatus(node: TalosNode): MachineStatus {
  const unmet: { name: string; reason: string }[] = []
  const require = (name: string, met: boolean, reason: string) => {
    if (!met) unmet.push({ name, reason })
  }
  if (node.config) {
    require('time', node.timeSynced, 'time is not in sync')
    require('network', node.address !== '', 'waiting on: address')
    const sick = node.services
      .all()
      .filter((service) => !service.healthy && !service.unknown)
      .map((service) => `${service.id} not healthy`)
    const waiting = ['kubelet', ...(node.config.controlPlane ? ['etcd'] : [])].filter(
      (id) => !node.services.healthy(id),
    )
    require('services', sick.length + waiting.length === 0, [...sick, ...waiting.map((id) => `${id} not running`)].join(
      ', ',
    ))
    require('staticPods', !node.config.controlPlane ||
      node.apiServer !== undefined, 'kube-system/kube-apiserver not ready')
    require('nodeReady', node.nodeReady, `node "${node.hostname}" status is not available yet`)
  }
  return { stage: node.stage, status: { ready: unmet.length === 0, unmetConditions: unmet } }
}

/** Tells the node's events whenever its status became another one. */
export class StatusReporter {
  readonly #node: TalosNode
  #last = ''
  constructor(node: TalosNode) {
    this.#node = node
  }

  look(): void {
    const node = this.#node
    if (!node.on) return
    const now = machineStatus(node)
    const text = JSON.stringify(now)
    if (text === this.#last) return
    this.#last = text
    node.events.emit(
      MachineStatusEventSchema,
      create(MachineStatusEventSchema, {
        stage: STAGE_NUMBERS[now.stage],
        status: { ready: now.status.ready, unmetConditions: now.status.unmetConditions.map((one) => ({ ...one })) },
      }),
    )
    if (now.stage === 'running' && now.status.ready)
      node.journal.kernel(
        '[talos] machine is running and ready {"component": "controller-runtime", "controller": "runtime.MachineStatusController"}',
      )
  }
}
