import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { EndedWork, TaskHandle, TaskState } from '../provider.ts'
import { saysHidden, saysNoSuchTask, taskEnd, toProblem } from './errors.ts'
import type { ProxmoxHttp } from './http.ts'
import { listEndedGuestTasks, listRunningTasks, taskLogTail, taskStatus } from './nodes/tasks.ts'

/** Work that goes on by itself on a host: found again after its handle was lost, and followed to its end. */
export type FindRunning = (host: string, type: string, id: string) => Promise<Result<TaskHandle | undefined, Problem>>

export const createFindRunning =
  (http: ProxmoxHttp, tokenId: string): FindRunning =>
  async (host, type, id) => {
    const tasks = await listRunningTasks(http, host, { type, id })
    if (!tasks.ok) return err(toProblem(tasks.error))
    // What anybody else began is not ours to adopt; an earlier token of the same user was ours as well.
    return ok(tasks.value.find((upid) => userOf(upid) === userOfToken(tokenId)))
  }

/** `UPID:node:pid:pstart:start:type:id:user@realm!token:` */
const userOf = (upid: string): string => userOfToken(upid.split(':')[7] ?? '')
const userOfToken = (tokenId: string): string => tokenId.split('!')[0] ?? ''

export async function listEndedWork(http: ProxmoxHttp): Promise<Result<readonly EndedWork[], Problem>> {
  const tasks = await listEndedGuestTasks(http)
  return tasks.ok ? ok(tasks.value.map(({ upid, vmid }) => ({ handle: upid, vmid }))) : err(toProblem(tasks.error))
}

export async function pollTask(http: ProxmoxHttp, handle: TaskHandle): Promise<Result<TaskState, Problem>> {
  const status = await taskStatus(http, handle)
  if (!status.ok) {
    // Forgotten by its host, or begun with another token and no longer shown: what came of it is looked at.
    if (!saysNoSuchTask(status.error) && !saysHidden(status.error)) return err(toProblem(status.error))
    return ok({ state: 'failed', problem: problem('outcome-unknown', { task: handle }, toProblem(status.error)) })
  }
  const { running, exit } = status.value
  if (running) return ok({ state: 'running' })
  if (taskEnd(handle, exit).ok) return ok({ state: 'done' })
  // The exit text of a program that Proxmox ran is only its exit code; the log says why.
  const log = await taskLogTail(http, handle)
  const end = taskEnd(handle, exit, log.ok ? log.value : [])
  return ok(end.ok ? { state: 'done' } : { state: 'failed', problem: end.error })
}
