import type { Clock } from '#core/base/clock.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { Dialer } from '../../dialer.ts'
import type { MachineFound, MachineRef, Provider, TaskHandle } from '../provider.ts'
import { creationParams, SYSTEM_DISK } from './creation.ts'
import { saysNoSuchTask, saysTaken, taskEnd, toProblem } from './errors.ts'
import { createGuestConfigs } from './guest-configs.ts'
import { createProxmoxHttp, type CallFailure, type ProxmoxAccess } from './http.ts'
import { look, prove } from './identity.ts'
import { createVm, destroyVm, putVmConfig, resizeDisk, startVm, stopVm } from './nodes/qemu.ts'
import { deleteVolume, downloadUrl, listImages, listVolumesOf } from './nodes/storage.ts'
import { listRunningTasks, taskLogTail, taskStatus } from './nodes/tasks.ts'
import { createObserve } from './observe.ts'
import { hostVersion } from './version.ts'

/**
 * Proxmox VE 8.4 and 9 as a provider. It keeps no state but memories that make looking cheaper; what is true is asked.
 *
 *   P7  Nothing is started, stopped or destroyed before its UUID (and its MAC) proved to be the machine meant.
 */
export interface ProxmoxOptions extends ProxmoxAccess {
  /** The pool that new machines become members of; the rights of the token come from it. */
  readonly pool: string
  readonly clock: Clock
  readonly dialer: Dialer
}

export function createProxmoxProvider(options: ProxmoxOptions): Provider {
  const http = createProxmoxHttp(options, options.dialer)
  const configs = createGuestConfigs(http, options.clock)

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

  async function findRunning(host: string, type: string, id: string): Promise<Result<TaskHandle | undefined, Problem>> {
    const tasks = await listRunningTasks(http, host, { type, id })
    if (!tasks.ok) return err(toProblem(tasks.error))
    // The UPID names the token that started the task: what anybody else began is not ours to adopt.
    return ok(tasks.value.find((upid) => isStartedBy(upid, options.tokenId)))
  }

  return {
    observe: createObserve(http, configs, options.clock),

    async findImage({ host, storage, fileName }) {
      const images = await listImages(http, host, storage)
      if (!images.ok) return err(toProblem(images.error))
      const image = images.value.find((volume) => volume.volumeId === `${storage}:import/${fileName}`)
      return ok(image && { volumeId: image.volumeId, sizeBytes: image.sizeBytes })
    },
    startDownload: async ({ host, storage, fileName }, url) =>
      started(await downloadUrl(http, host, storage, { url, fileName })),
    findRunningDownload: ({ host, fileName }) => findRunning(host, 'download', fileName),
    async downloadPercent(handle) {
      const tail = await taskLogTail(http, handle)
      const percents = (tail.ok ? tail.value : []).flatMap((line) => /\s(\d{1,3})%/.exec(line)?.[1] ?? [])
      return percents.length > 0 ? Number(percents.at(-1)) : undefined
    },

    look: (ref) => look(http, configs, ref),
    findRunningCreation: ({ host, vmid }) => findRunning(host, 'qmcreate', String(vmid)),
    async startCreation(machine) {
      const version = await hostVersion(http, machine.host)
      if (!version.ok) return err(toProblem(version.error))
      configs.forget(machine.vmid)
      const created = await createVm(http, machine.host, creationParams(machine, options.pool, version.value))
      if (!created.ok && saysTaken(created.error))
        return err(problem('vmid-taken', { host: machine.host, vmid: machine.vmid }, toProblem(created.error)))
      return started(created)
    },
    async setTags({ host, vmid, digest }, tags) {
      return translated(await putVmConfig(http, host, vmid, { tags: tags.join(';'), digest }))
    },
    async startResize({ host, vmid, diskGiB: current, digest }, diskGiB) {
      if (current !== undefined && current >= diskGiB) return ok(undefined)
      return started(await resizeDisk(http, host, vmid, { disk: SYSTEM_DISK, diskGiB, digest }))
    },

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

    async listLeftovers({ host, vmid }, storage) {
      const volumes = await listVolumesOf(http, host, storage, vmid)
      return volumes.ok ? ok(volumes.value.map((volume) => volume.volumeId)) : err(toProblem(volumes.error))
    },
    async deleteLeftover({ host }, storage, volumeId) {
      return translated(await deleteVolume(http, host, storage, volumeId))
    },

    async pollTask(handle) {
      const status = await taskStatus(http, handle)
      if (!status.ok) {
        if (!saysNoSuchTask(status.error)) return err(toProblem(status.error))
        return ok({ state: 'failed', problem: problem('outcome-unknown', { task: handle, reason: 'no such task' }) })
      }
      if (status.value.running) return ok({ state: 'running' })
      const end = taskEnd(handle, status.value.exit)
      return ok(end.ok ? { state: 'done' } : { state: 'failed', problem: end.error })
    },
    close: () => http.close(),
  }
}

const translated = <T>(answer: Result<T, CallFailure>): Result<T, Problem> =>
  answer.ok ? answer : err(toProblem(answer.error))

/** A call that began something answers its UPID; anything else means that we do not know what it began. */
function started(answer: Result<string, CallFailure>): Result<TaskHandle, Problem> {
  if (!answer.ok) return err(toProblem(answer.error))
  return answer.value.startsWith('UPID:') ? ok(answer.value) : err(problem('outcome-unknown', { answer: answer.value }))
}

/** `UPID:node:pid:pstart:start:type:id:user@realm!token:` */
const isStartedBy = (upid: string, tokenId: string): boolean => upid.split(':')[7] === tokenId
