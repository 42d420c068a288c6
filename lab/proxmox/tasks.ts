import { fullName, type Identity } from './access.ts'
import { badParameters, exitTextOf, failed } from './failure.ts'
import type { LabTime } from '#lab/time.ts'

/** Finished tasks that are remembered; a real host keeps about a thousand in its index and the rest in archives. */
const MAX_TASKS = 2000
/** Lines that one task may log. */
const MAX_LOG_LINES = 1000
/** Exit text of a worker that was killed, and of every worker when the host goes down. */
const UNEXPECTED = 'unexpected status'

const UPID = /^UPID:[^:]+:[0-9A-F]{8,9}:[0-9A-F]{8,9}:[0-9A-F]{8,9}:[^:]+:[^:]*:[^:]+:$/

export interface Task {
  readonly upid: string
  readonly node: string
  readonly pid: number
  readonly pstart: number
  /** Epoch seconds. */
  readonly startTime: number
  readonly type: string
  readonly id: string
  readonly who: Identity
  readonly log: string[]
  endTime: number | undefined
  exit: string | undefined
  /** Aborted when somebody stops the task. */
  readonly stop: AbortController
  /** Resolves when the task has ended, however it ended. */
  readonly ended: Promise<void>
}

export interface Worker {
  readonly pid: number
  readonly signal: AbortSignal
  log(line: string): void
  /** Lets lab time pass; throws `received interrupt` when the task is stopped meanwhile. */
  busy(ms: number): Promise<void>
}

/**
 * The worker tasks of one host. A worker's failure is its exit text; aborting ends it with `received interrupt` unless it
 * words that itself. A killed worker leaves `unexpected status` and whatever it had done until then.
 */
export class Tasks {
  readonly #tasks = new Map<string, Task>()
  readonly #node: string
  readonly #time: LabTime
  #nextPid = 1200
  readonly #bootMs: number

  constructor(node: string, time: LabTime) {
    this.#node = node
    this.#time = time
    this.#bootMs = time.now() - 6_000_000
  }

  /** Begins work and gives its UPID at once. */
  start(type: string, id: string, who: Identity, work: (worker: Worker) => Promise<void>): string {
    this.#nextPid += 1 + (this.#tasks.size % 7)
    const pid = this.#nextPid
    const nowMs = this.#time.now()
    const pstart = Math.floor((nowMs - this.#bootMs) / 10)
    const startTime = Math.floor(nowMs / 1000)
    const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0')
    const upid = `UPID:${this.#node}:${hex(pid)}:${hex(pstart)}:${hex(startTime)}:${type}:${id}:${fullName(who)}:`
    const { promise, resolve } = Promise.withResolvers<void>()
    const task: Task = {
      upid,
      node: this.#node,
      pid,
      pstart,
      startTime,
      type,
      id,
      who,
      log: [],
      endTime: undefined,
      exit: undefined,
      stop: new AbortController(),
      ended: promise,
    }
    this.#tasks.set(upid, task)
    this.#forgetOldest()
    void this.#run(task, this.#workerOf(task), work).then(resolve)
    return upid
  }

  #workerOf(task: Task): Worker {
    const signal = task.stop.signal
    return {
      pid: task.pid,
      signal,
      log: (line) => this.#log(task, line),
      busy: async (ms) => {
        await this.#time.pass(ms, signal)
        if (signal.aborted) throw failed('received interrupt')
      },
    }
  }

  async #run(task: Task, worker: Worker, work: (worker: Worker) => Promise<void>): Promise<void> {
    try {
      await work(worker)
      this.#end(task, 'OK')
    } catch (cause) {
      this.#end(task, exitTextOf(cause))
    }
  }

  #end(task: Task, exit: string): void {
    if (task.exit !== undefined) return
    task.exit = exit
    task.endTime = Math.floor(this.#time.now() / 1000)
    this.#log(task, exit === 'OK' ? 'TASK OK' : `TASK ERROR: ${exit}`)
  }

  #log(task: Task, line: string): void {
    for (const part of line.split('\n')) if (task.log.length < MAX_LOG_LINES) task.log.push(part)
  }

  find(upid: string): Task | undefined {
    return this.#tasks.get(upid)
  }

  /** Throws when the text is no UPID. */
  check(upid: string): void {
    if (!UPID.test(upid)) throw badParameters({ upid: 'unable to parse worker upid' })
  }

  /** The task, or the 400 with which an unknown one is answered. */
  get(upid: string): Task {
    this.check(upid)
    const task = this.#tasks.get(upid)
    if (!task) throw badParameters({ upid: 'no such task' })
    return task
  }

  /** Newest first. */
  all(): Task[] {
    return [...this.#tasks.values()].reverse()
  }

  /** The worker process dies where it is: nothing is tidied up, and its text says nothing. */
  kill(task: Task): void {
    if (task.exit !== undefined) return
    task.exit = UNEXPECTED
    task.endTime = Math.floor(this.#time.now() / 1000)
    task.stop.abort('killed')
  }

  #forgetOldest(): void {
    for (const [upid, task] of this.#tasks) {
      if (this.#tasks.size <= MAX_TASKS) return
      if (task.exit !== undefined) this.#tasks.delete(upid)
    }
  }
}

/** True when the worker was killed rather than asked to stop: then it may not even clean up. */
export const wasKilled = (signal: AbortSignal): boolean => signal.reason === 'killed'
