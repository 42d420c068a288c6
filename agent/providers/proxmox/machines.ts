import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { MachineFound, MachineRef, NewMachine, Provider, TaskHandle } from '../provider.ts'
import { checkRelease } from './capabilities.ts'
import { changeMethods } from './changes.ts'
import { releaseFromHa } from './cluster.ts'
import { creationParams } from './creation.ts'
import { saysSilentGuest, saysTaken, saysUnknownParameter, toProblem } from './errors.ts'
import { addressOf } from './guest-address.ts'
import type { GuestConfigs } from './guest-configs.ts'
import type { CallFailure, ProxmoxHttp } from './http.ts'
import { look, prove } from './identity.ts'
import {
  agentInterfaces,
  createVm,
  destroyVm,
  putVmConfig,
  resizeDisk,
  shutDownVm,
  startVm,
  stopVm,
} from './nodes/qemu.ts'
import type { FindRunning } from './running-tasks.ts'
import { SYSTEM_DISK } from './shape/disks.ts'
import { started, translated } from './translated.ts'

/**
 * The life of one virtual machine.
 *
 *   P7  Nothing is started, stopped or destroyed before its UUID (and its MAC) proved to be the machine meant.
 */
export type MachineMethods = Pick<
  Provider,
  | 'look'
  | 'findRunningCreation'
  | 'startCreation'
  | 'setTags'
  | 'setProtection'
  | 'startResize'
  | 'releaseFromHa'
  | 'findAddress'
  | 'findDrift'
  | 'startChange'
  | 'startGrowth'
  | 'startShutdown'
  | 'startPowerOn'
  | 'startPowerOff'
  | 'startDestruction'
>

export interface MachineParts {
  readonly http: ProxmoxHttp
  readonly configs: GuestConfigs
  readonly findRunning: FindRunning
  /** New machines become members of it. */
  readonly pool: string
}

export function machineMethods({ http, configs, findRunning, pool }: MachineParts): MachineMethods {
  const create = createCreate(http, pool)

  /** Proves, then acts on what was proven; `undefined` when the machine is absent or `settled` says nothing is left to do. */
  async function actOn(
    ref: MachineRef,
    settled: (found: MachineFound) => boolean,
    act: (found: MachineFound) => Promise<Result<TaskHandle, CallFailure>>,
  ): Promise<Result<TaskHandle | undefined, Problem>> {
    const proven = await prove(http, configs, ref)
    if (!proven.ok) return proven
    if (!proven.value || settled(proven.value)) return ok(undefined)
    configs.forget(proven.value.vmid)
    return started(await act(proven.value))
  }

  const change = async ({ host, vmid, digest }: MachineFound, params: Readonly<Record<string, string | number>>) =>
    translated(await putVmConfig(http, host, vmid, { ...params, digest }))

  return {
    look: (ref) => look(http, configs, ref),
    findRunningCreation: ({ host, vmid }) => findRunning(host, 'qmcreate', String(vmid)),
    async startCreation(machine) {
      const able = await checkRelease(http, machine.host, machine.boot.by === 'image' ? 'image-import' : 'anything')
      if (!able.ok) return able
      configs.forget(machine.vmid)
      const created = await create(machine)
      if (!created.ok && saysTaken(created.error))
        return err(problem('vmid-taken', { host: machine.host, vmid: machine.vmid }, toProblem(created.error)))
      return started(created)
    },
    setTags: (found, tags) => change(found, { tags: tags.join(';') }),
    setProtection: (found, on) => change(found, { protection: on ? 1 : 0 }),
    async startResize({ host, vmid, diskGiB: current, digest }, diskGiB) {
      if (current !== undefined && current >= diskGiB) return ok(undefined)
      return started(await resizeDisk(http, host, vmid, { disk: SYSTEM_DISK, diskGiB, digest }))
    },
    async releaseFromHa({ vmid }) {
      const released = await releaseFromHa(http, vmid)
      if (released.ok) return released
      const refused = toProblem(released.error)
      return err({ ...refused, facts: { ...refused.facts, run: `ha-manager remove vm:${vmid}` } })
    },
    async findAddress({ host, vmid, macs }) {
      const interfaces = await agentInterfaces(http, host, vmid)
      if (interfaces.ok) return ok(addressOf(interfaces.value, macs[0] ?? ''))
      return saysSilentGuest(interfaces.error) ? ok(undefined) : err(toProblem(interfaces.error))
    },

    ...changeMethods({ http, configs }),
    startShutdown: (ref) =>
      actOn(
        ref,
        (found) => !found.running,
        ({ host, vmid }) => shutDownVm(http, host, vmid, SHUTDOWN_S),
      ),

    async startPowerOn(ref) {
      const proven = await prove(http, configs, ref)
      if (!proven.ok) return proven
      if (!proven.value) return err(problem('not-found', { machineId: ref.machineId, host: ref.host, vmid: ref.vmid }))
      return proven.value.running ? ok(undefined) : started(await startVm(http, proven.value.host, proven.value.vmid))
    },
    startPowerOff: (ref) =>
      actOn(
        ref,
        (found) => !found.running,
        ({ host, vmid }) => stopVm(http, host, vmid),
      ),
    startDestruction: (ref) =>
      actOn(
        ref,
        () => false,
        ({ host, vmid }) => destroyVm(http, host, vmid),
      ),
  }
}

/** Talos ends its pods in 30 s, and waits for some services longer. */
const SHUTDOWN_S = 120

const HOST_TUNNEL = 'host-tunnel'

/** One creation call, without what this host turned out not to know: a refused parameter means that nothing was begun. */
function createCreate(http: ProxmoxHttp, pool: string) {
  return async (machine: NewMachine): Promise<Result<string, CallFailure>> => {
    const created = await createVm(http, machine.host, creationParams(machine, pool, { hostTunnelKnown: true }))
    if (created.ok || !saysUnknownParameter(created.error, HOST_TUNNEL)) return created
    return createVm(http, machine.host, creationParams(machine, pool, { hostTunnelKnown: false }))
  }
}
