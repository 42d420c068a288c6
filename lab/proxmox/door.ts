import type { IncomingMessage, ServerResponse } from 'node:http'
import { REFUSED_LOGIN_MS } from './durations.ts'
import { Failure } from './failure.ts'
import { readRequest, type ApiRequest } from './http-request.ts'
import { WithAttributes } from './route.ts'
import { answer } from './router.ts'
import type { Identity } from './access.ts'
import type { FaultEffect, Faults } from './faults.ts'
import type { Login } from './login.ts'
import type { World } from './world.ts'

/** What a request comes to, before it is written. */
interface Outcome {
  readonly status: number
  readonly reason: string
  readonly body: string
}

const JSON_TYPE = 'application/json;charset=UTF-8'

/**
 * The HTTP manners of the API daemon: the error text is the reason phrase, an error closes the connection, a 401 has no
 * body and comes late.
 */
export class Door {
  readonly #world: World
  readonly #login: Login
  readonly #faults: Faults
  /** Requests that arrived whole until now, and those of them that are done with. */
  readonly calls = { received: 0, answered: 0 }

  constructor(world: World, login: Login, faults: Faults) {
    this.#world = world
    this.#login = login
    this.#faults = faults
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let parsed: ApiRequest | undefined
    try {
      parsed = await readRequest(request)
      this.calls.received += 1
      const who = await this.#identify(request, parsed)
      const outcome = await this.#serve(who, parsed)
      if (outcome === 'connection-lost') request.socket.destroy()
      else write(response, outcome)
    } catch (cause) {
      if (!response.headersSent && !response.destroyed) write(response, await this.#refusal(cause, parsed))
    }
    if (parsed) this.calls.answered += 1
  }

  async #identify(request: IncomingMessage, parsed: ApiRequest): Promise<Identity | undefined> {
    if (parsed.method === 'POST' && parsed.path === '/access/ticket') return undefined
    return this.#login.identify(request)
  }

  async #serve(who: Identity | undefined, parsed: ApiRequest): Promise<Outcome | 'connection-lost'> {
    if (who === undefined) return success(this.#login.ticket(parsed.sent), parsed)
    const fault = this.#faults.take(parsed.method, parsed.path)
    if (!fault) return success(await answer(this.#world, who, parsed), parsed)
    return this.#spoiled(fault, who, parsed)
  }

  async #spoiled(fault: FaultEffect, who: Identity, parsed: ApiRequest): Promise<Outcome | 'connection-lost'> {
    if (fault.kind === 'task-dies') {
      const upid = await answer(this.#world, who, parsed)
      void this.#world.time.pass(fault.afterMs).then(() => {
        const task = typeof upid === 'string' ? this.#world.tasks.find(upid) : undefined
        if (task) this.#world.tasks.kill(task)
      })
      return success(upid, parsed)
    }
    if (fault.workHappens === true) await answer(this.#world, who, parsed)
    if (fault.kind === 'connection-lost') return 'connection-lost'
    throw new Failure(fault.status, fault.reason)
  }

  async #refusal(cause: unknown, parsed: ApiRequest | undefined): Promise<Outcome> {
    if (!(cause instanceof Failure)) {
      const text = cause instanceof Error ? cause.message : String(cause)
      return { status: 500, reason: phrase(text), body: JSON.stringify({ data: null, message: text }) }
    }
    if (cause.status === 401) await this.#world.time.pass(REFUSED_LOGIN_MS)
    const reason = phrase(cause.message)
    // A login that failed says so in JSON; a request without a valid login is answered with nothing at all.
    if (cause.status === 401 && parsed?.path !== '/access/ticket') return { status: 401, reason, body: '' }
    const message = cause.status === 424 || cause.status === 501 ? cause.message : `${cause.message}\n`
    if (parsed?.form === 'extjs')
      return ok(JSON.stringify({ success: 0, status: cause.status, message, data: null, errors: cause.errors }))
    const plain = cause.status === 506 || (cause.status === 501 && !cause.message.startsWith('Method '))
    const body = plain ? cause.message : JSON.stringify({ data: null, message, errors: cause.errors })
    return { status: cause.status, reason, body: cause.message.startsWith('method ') ? '' : body }
  }
}

function success(result: unknown, parsed: ApiRequest): Outcome {
  const data = result instanceof WithAttributes ? result.data : result
  const attributes = result instanceof WithAttributes ? result.attributes : {}
  return ok(JSON.stringify({ data, ...attributes, ...(parsed.form === 'extjs' ? { success: 1 } : {}) }))
}

const ok = (body: string): Outcome => ({ status: 200, reason: 'OK', body })

/** A reason phrase is one line of plain characters. */
const phrase = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').trim()

function write(response: ServerResponse, outcome: Outcome): void {
  const length = Buffer.byteLength(outcome.body)
  response.writeHead(outcome.status, outcome.reason, {
    'Cache-Control': 'max-age=0',
    Pragma: 'no-cache',
    Server: 'pve-api-daemon/3.0',
    'Content-Length': length,
    ...(length > 0 ? { 'Content-Type': JSON_TYPE } : {}),
    ...(outcome.status === 200 ? {} : { Connection: 'close' }),
  })
  response.end(outcome.body)
}
