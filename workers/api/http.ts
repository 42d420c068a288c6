import type { Context } from 'hono'
import { problem, PROBLEM_KINDS, type Facts, type Problem, type ProblemCode } from '#core/model/problem.ts'
import type { ApiEnv } from './env.ts'

/** Every refusal as RFC 9457 `application/problem+json`: what happened, where, and what to do next. */
export interface FieldError {
  /** JSON Pointer from the beginning of the request body; '' is all of it. */
  readonly pointer: string
  /** Dotted, within the document; '' is all of it. */
  readonly path: string
  readonly code: ProblemCode
  readonly message: string
  readonly hint?: string | undefined
}

/** A Problem on its way out, with the fields it is about. */
export interface Refusal {
  readonly problem: Problem
  readonly errors?: readonly FieldError[] | undefined
}

export const refusal = (code: ProblemCode, facts: Facts = {}): Refusal => ({ problem: problem(code, facts) })

const TYPE_BASE = 'https://lanline.dev/problems/'
/** More than a person reads; the first ones are enough to go on. */
const MAX_ERRORS = 100

export function problemResponse(c: Context<ApiEnv>, { problem: found, errors }: Refusal): Response {
  const kind = PROBLEM_KINDS[found.code]
  const body = {
    type: `${TYPE_BASE}${found.code}`,
    title: kind.title,
    status: kind.status,
    detail: errors?.[0]?.message ?? kind.title,
    code: found.code,
    requestId: c.var.requestId,
    advice: kind.advice,
    facts: found.facts,
    ...(errors && errors.length > 0 ? { errors: errors.slice(0, MAX_ERRORS) } : {}),
  }
  return new Response(JSON.stringify(body), {
    status: kind.status,
    headers: { 'Content-Type': 'application/problem+json' },
  })
}

/** Typed by what the route promises; OpenAPI shows the same schema. */
export const answer = <T>(c: Context<ApiEnv>, body: T, status: 200 | 201 | 202 = 200): Response =>
  c.body(JSON.stringify(body), status, { 'Content-Type': 'application/json' })

export type Path = readonly (string | number)[]

/** RFC 6901. */
export const toPointer = (path: Path): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** `['spec', 'hosts', 0, 'name']` → `spec.hosts[0].name`. */
export const toDotted = (path: Path): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    '',
  )
