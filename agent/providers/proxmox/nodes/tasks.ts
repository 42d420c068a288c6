import { err, ok, type Result } from '#core/base/result.ts'
import { path, type CallFailure, type ProxmoxHttp } from '../http.ts'
import { nodeOfTask, toRow, toRows, toText } from '../parse.ts'

/** `/nodes/{node}/tasks`: what goes on by itself after a call was answered with a UPID. */
export interface TaskStatus {
  readonly running: boolean
  /** Empty while it runs. */
  readonly exit: string
}

/** Lines of a log that are read from its end; wget writes its progress there, and a failure its reason. */
const TAIL_LINES = 5
const MAX_LINE_CHARS = 300

export async function taskStatus(http: ProxmoxHttp, upid: string): Promise<Result<TaskStatus, CallFailure>> {
  const answer = await http.get(path`/nodes/${nodeOfTask(upid)}/tasks/${upid}/status`)
  if (!answer.ok) return err(answer.error)
  const status = toRow(answer.value)
  const running = status['status'] === 'running'
  return ok({ running, exit: running ? '' : (toText(status['exitstatus']) ?? '') })
}

/** The last lines of a task's log. */
export async function taskLogTail(http: ProxmoxHttp, upid: string): Promise<Result<readonly string[], CallFailure>> {
  const log = path`/nodes/${nodeOfTask(upid)}/tasks/${upid}/log`
  // `total` comes beside the data and not in it, so the log is read with a limit that no download exceeds.
  const answer = await http.get(log, { start: 0, limit: 5_000 })
  if (!answer.ok) return err(answer.error)
  return ok(
    toRows(answer.value)
      .slice(-TAIL_LINES)
      .flatMap((row) => toText(row['t'])?.slice(0, MAX_LINE_CHARS) ?? []),
  )
}

/** wget's progress in the last lines of a download's log, 0…100. */
export function percentIn(lines: readonly string[]): number | undefined {
  const percents = lines.flatMap((line) => /\s(\d{1,3})%/.exec(line)?.[1] ?? [])
  return percents.length > 0 ? Number(percents.at(-1)) : undefined
}

/** UPIDs of what runs now on a host, of one type and about one guest or file. */
export async function listRunningTasks(
  http: ProxmoxHttp,
  host: string,
  { type, id }: { readonly type: string; readonly id: string },
): Promise<Result<readonly string[], CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/tasks`, { source: 'active', typefilter: type })
  if (!answer.ok) return err(answer.error)
  // The list of active tasks keeps an ended one until it is archived.
  const running = toRows(answer.value).filter((row) => row['status'] === 'RUNNING' && row['type'] === type)
  return ok(running.flatMap((row) => (toText(row['id']) === id ? (toText(row['upid']) ?? []) : [])))
}

/** Work on virtual machines that has ended lately, on any host; each host tells its last few. */
export async function listEndedGuestTasks(
  http: ProxmoxHttp,
): Promise<Result<readonly { readonly upid: string; readonly vmid: number }[], CallFailure>> {
  const answer = await http.get(path`/cluster/tasks`)
  if (!answer.ok) return err(answer.error)
  return ok(
    toRows(answer.value).flatMap((row) => {
      const [upid, type, id] = [toText(row['upid']), toText(row['type']), toText(row['id'])]
      const ended = row['endtime'] !== undefined || row['status'] !== undefined
      return upid && ended && type?.startsWith('qm') && /^\d+$/.test(id ?? '') ? [{ upid, vmid: Number(id) }] : []
    }),
  )
}
