import type { Identity, Privileges } from './access.ts'
import { forbidden } from './failure.ts'
import type { ParameterTable, Parameters } from './parameter.ts'
import type { World } from './world.ts'

/** One call of the API: who is asking for what, and the answer's `data`. */
export interface Call {
  readonly world: World
  readonly who: Identity
  readonly parameters: Parameters
  /** The file of a multipart request. */
  readonly upload?: Upload
}

export interface Upload {
  readonly filename: string
  readonly bytes: Buffer
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As the API schema writes it: `/nodes/{node}/qemu/{vmid}/config`. */
  readonly path: string
  readonly parameters: ParameterTable
  /** Checked before the parameters are, as on the real host. */
  readonly rights?: (call: Call) => void
  readonly handle: (call: Call) => unknown
  /** The first or last major release that has it; both when not given. */
  readonly since?: 9
  readonly until?: 8
  /** May be called while the cluster has no quorum, although it is no GET. */
  readonly withoutQuorum?: true
  /** Time to answer in lab milliseconds; the median of a real host. */
  readonly latencyMs: number
}

/** Data with attributes beside it in the answer, such as `total`. */
export class WithAttributes {
  readonly data: unknown
  readonly attributes: Readonly<Record<string, unknown>>
  constructor(data: unknown, attributes: Readonly<Record<string, unknown>>) {
    this.data = data
    this.attributes = attributes
  }
}

/** A page of a longer list. Nothing at all has no total. */
export const withTotal = (data: unknown, total: number): WithAttributes =>
  new WithAttributes(data, total > 0 ? { total } : {})

export const param = (call: Call, name: string): string => call.parameters.get(name) ?? ''
export const numberParam = (call: Call, name: string): number | undefined => {
  const value = call.parameters.get(name)
  return value === undefined ? undefined : Number(value)
}
export const isSet = (call: Call, name: string): boolean => call.parameters.get(name) === '1'

/** Needs one privilege on a path with `{names}` in it. */
export const needs =
  (path: string, privilege: string) =>
  (call: Call): void =>
    call.world.access.check(call.who, filled(path, call), privilege)

export const needsAny =
  (path: string, ...privileges: string[]) =>
  (call: Call): void =>
    call.world.access.checkAny(call.who, filled(path, call), privileges)

export const needsNetworkAccess = (call: Call): void => {
  const { access } = call.world
  const byHost = access.may(call.who, '/', 'Sys.Audit') && access.may(call.who, '/', 'Sys.Modify')
  if (!byHost && !access.may(call.who, `/nodes/${param(call, 'node')}`, 'Sys.AccessNetwork')) throw forbidden()
}

const filled = (path: string, call: Call): string => path.replace(/\{(\w+)\}/g, (_, name: string) => param(call, name))

/** Privileges as the API shows them: 1 when they reach deeper paths. */
export const shownPrivileges = (privileges: Privileges): Record<string, number> =>
  Object.fromEntries([...privileges].map(([privilege, propagate]) => [privilege, propagate ? 1 : 0]))

export const NOTHING: ParameterTable = {}
