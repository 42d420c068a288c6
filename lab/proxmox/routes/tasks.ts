import { fullName } from '../access.ts'
import { forbidden } from '../failure.ts'
import * as formats from '../formats.ts'
import { choice, flag, integer, needed, text } from '../parameter.ts'
import { isSet, numberParam, param, withTotal, type Call, type Route } from '../route.ts'
import { NODE } from '../vm-parameters.ts'
import type { Task } from '../tasks.ts'

const UPID = { ...NODE, upid: needed(text()) }
const PAGE = 50

export const taskRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/tasks',
    parameters: {
      ...NODE,
      errors: flag(),
      limit: integer(0),
      since: integer(),
      source: choice('archive', 'active', 'all'),
      start: integer(0),
      statusfilter: text(),
      typefilter: text(),
      until: integer(),
      userfilter: text(),
      vmid: integer(100, 999999999, { format: formats.vmid }),
    },
    latencyMs: 5,
    handle: list,
  },
  { method: 'GET', path: '/nodes/{node}/tasks/{upid}/status', parameters: UPID, latencyMs: 9, handle: status },
  {
    method: 'GET',
    path: '/nodes/{node}/tasks/{upid}/log',
    parameters: { ...UPID, download: flag(), limit: integer(0), start: integer(0) },
    latencyMs: 7,
    handle: log,
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/tasks/{upid}',
    parameters: UPID,
    latencyMs: 10,
    withoutQuorum: true,
    handle: async (call) => {
      const task = call.world.tasks.get(param(call, 'upid'))
      if (!isOwn(call, task)) call.world.access.check(call.who, `/nodes/${task.node}`, 'Sys.Modify')
      task.stop.abort('stopped')
      return null
    },
  },
]

/** The same token, or its user without a token. */
const isOwn = ({ who }: Call, task: Task): boolean =>
  fullName(who) === fullName(task.who) || (who.token === undefined && who.user === task.who.user)

function readable(call: Call): Task {
  const task = call.world.tasks.get(param(call, 'upid'))
  if (!isOwn(call, task) && !call.world.access.may(call.who, `/nodes/${task.node}`, 'Sys.Audit'))
    throw forbidden(`/nodes/${task.node}, Sys.Audit`)
  return task
}

function status(call: Call): unknown {
  const task = readable(call)
  return {
    upid: task.upid,
    node: task.node,
    pid: task.pid,
    pstart: task.pstart,
    starttime: task.startTime,
    type: task.type,
    id: task.id,
    user: task.who.user,
    ...(task.who.token === undefined ? {} : { tokenid: task.who.token }),
    ...(task.exit === undefined ? { status: 'running' } : { status: 'stopped', exitstatus: task.exit }),
  }
}

function log(call: Call): unknown {
  const { tasks } = call.world
  const upid = param(call, 'upid')
  tasks.check(upid)
  // A task that nobody knows has a log that cannot be opened, unlike a status.
  if (!tasks.find(upid)) return withTotal([{ n: 1, t: 'unable to open file - No such file or directory' }], 1)
  const task = readable(call)
  const start = numberParam(call, 'start') ?? 0
  const limit = numberParam(call, 'limit') ?? PAGE
  const lines = task.log.map((t, index) => ({ n: index + 1, t }))
  if (lines.length === 0) return withTotal([{ n: 1, t: 'no content' }], 1)
  return withTotal(lines.slice(start, limit === 0 ? undefined : start + limit), lines.length)
}

export const visibleTasks = (call: Call): Task[] => {
  const all = call.world.access.may(call.who, `/nodes/${call.world.node}`, 'Sys.Audit')
  return call.world.tasks.all().filter((task) => all || isOwn(call, task))
}

/** Running tasks carry the token inside `user`, finished ones apart from it. */
export function taskRow(task: Task): Record<string, unknown> {
  const base = {
    upid: task.upid,
    node: task.node,
    pid: task.pid,
    pstart: task.pstart,
    starttime: task.startTime,
    type: task.type,
    id: task.id,
  }
  if (task.exit === undefined) return { ...base, user: fullName(task.who), status: 'RUNNING', saved: '0' }
  return {
    ...base,
    user: task.who.user,
    ...(task.who.token === undefined ? {} : { tokenid: task.who.token }),
    endtime: task.endTime,
    status: task.exit,
  }
}

/** As the cluster's list shows a task. What was read back from a file is text, what was just written a number. */
export function shortTaskRow(task: Task, fresh: boolean): Record<string, unknown> {
  const { pid: _, pstart: __, ...row } = taskRow(task)
  return { ...row, saved: task.exit === undefined ? '0' : fresh ? 1 : '1' }
}

/** The words of `statusfilter`. */
const statusWord = (task: Task): string => {
  if (task.exit === undefined || task.exit === 'unexpected status') return 'unknown'
  if (task.exit === 'OK') return 'ok'
  return task.exit.startsWith('WARNINGS') ? 'warning' : 'error'
}

function list(call: Call): unknown {
  const source = param(call, 'source') || 'archive'
  const types = formats.splitList(param(call, 'typefilter'))
  const since = numberParam(call, 'since') ?? 0
  const until = numberParam(call, 'until') ?? Number.POSITIVE_INFINITY
  const statuses = formats.splitList(param(call, 'statusfilter'))
  const vmid = call.parameters.get('vmid')
  const user = param(call, 'userfilter')
  const found = visibleTasks(call).filter((task) => {
    const running = task.exit === undefined
    if (source === 'active' ? !running : source === 'archive' && running) return false
    if (vmid !== undefined && task.id !== vmid) return false
    if (types.length > 0 && !types.includes(task.type)) return false
    if (statuses.length > 0 && !statuses.includes(statusWord(task))) return false
    if (user !== '' && !fullName(task.who).includes(user)) return false
    if (isSet(call, 'errors') && (running || task.exit === 'OK')) return false
    return task.startTime >= since && task.startTime <= until
  })
  const start = numberParam(call, 'start') ?? 0
  const limit = numberParam(call, 'limit') ?? PAGE
  return withTotal(found.slice(start, start + limit).map(taskRow), found.length)
}
