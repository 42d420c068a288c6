import { Environment } from '@marcbachmann/cel-js'
import { err, ok, type Result } from '../base/result.ts'
import type { HostSeen, StorageSeen } from '../model/seen.ts'
import type { HostSpec } from '../model/site.ts'

/**
 * What people may say about hosts and storages in CEL. The names and types here are the whole of what an expression
 * sees; both doors check them, so that a slip is found before anything is placed by it.
 *
 *   where of a machine class    host
 *   storage of a disk           host, storage, disk
 */

/** An expression is written by hand; one of more parts is a mistake or an attack on the CPU budget of a Worker. */
const LIMITS = { maxAstNodes: 200, maxDepth: 24, maxListElements: 64, maxMapEntries: 16, maxCallArguments: 8 }
const GIB_IN_MIB = 1024

const HOST = { name: 'string', threads: 'int', memoryGiB: 'int', version: 'string', labels: 'map<string, string>' }
const STORAGE = { name: 'string', type: 'string', shared: 'bool', freeGiB: 'int', totalGiB: 'int' }
const DISK = { name: 'string', sizeGiB: 'int' }

const forHosts = new Environment({ limits: LIMITS }).registerVariable({ name: 'host', schema: HOST })
const forStorages = new Environment({ limits: LIMITS })
  .registerVariable({ name: 'host', schema: HOST })
  .registerVariable({ name: 'storage', schema: STORAGE })
  .registerVariable({ name: 'disk', schema: DISK })

/** Of a storage, when it is no expression: `local-zfs` would be a subtraction. `storage.shared` is an expression. */
const STORAGE_NAME = /^(?!(host|storage|disk)\.)[A-Za-z][A-Za-z0-9._-]{0,99}$/
export const isStorageName = (text: string): boolean => STORAGE_NAME.test(text)

/** What is wrong with an expression, in one line; undefined when it may be used. */
export const faultOfWhere = (expression: string): string | undefined => faultIn(forHosts, expression)
export const faultOfStorage = (expression: string): string | undefined =>
  isStorageName(expression) ? undefined : faultIn(forStorages, expression)

function faultIn(environment: Environment, expression: string): string | undefined {
  const checked = environment.check(expression)
  if (!checked.valid) return firstLine(checked.error)
  return checked.type === 'bool' ? undefined : `must be true or false, not ${checked.type ?? 'something else'}`
}

export interface HostFacts {
  readonly spec: HostSpec
  readonly seen: HostSeen
}

/** Expressions ready to be asked many times; each text is parsed once. */
export class Expressions {
  readonly #parsed = new Map<string, (context: Record<string, unknown>) => unknown>()

  /** An error says why the expression has no answer here, as when a host lacks the label it asks for. */
  host(expression: string, host: HostFacts): Result<boolean, string> {
    return this.#ask(forHosts, expression, { host: factsOf(host) })
  }

  storage(
    expression: string,
    host: HostFacts,
    storage: StorageSeen,
    disk: { readonly name: string; readonly sizeGiB: number },
  ): Result<boolean, string> {
    if (isStorageName(expression)) return ok(storage.name === expression)
    return this.#ask(forStorages, expression, {
      host: factsOf(host),
      storage: {
        name: storage.name,
        type: storage.type ?? '',
        shared: storage.shared,
        freeGiB: BigInt(storage.freeGiB),
        totalGiB: BigInt(storage.totalGiB),
      },
      disk: { name: disk.name, sizeGiB: BigInt(disk.sizeGiB) },
    })
  }

  #ask(environment: Environment, expression: string, context: Record<string, unknown>): Result<boolean, string> {
    try {
      let parsed = this.#parsed.get(expression)
      if (!parsed) this.#parsed.set(expression, (parsed = environment.parse(expression)))
      const answer = parsed(context)
      return typeof answer === 'boolean' ? ok(answer) : err('it is neither true nor false')
    } catch (thrown) {
      return err(firstLine(thrown))
    }
  }
}

const factsOf = ({ spec, seen }: HostFacts) => ({
  name: spec.name,
  threads: BigInt(seen.threads),
  memoryGiB: BigInt(Math.floor(seen.memoryMiB / GIB_IN_MIB)),
  version: seen.version,
  labels: spec.labels ?? {},
})

/** The library draws the place of an error below its first line. */
const firstLine = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).split('\n', 1)[0] ?? ''
