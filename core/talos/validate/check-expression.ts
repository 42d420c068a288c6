import { Environment, type ASTNode } from '@marcbachmann/cel-js'
import { MESSAGES, PLACES, type ExpressionKind, type ExpressionPlace } from './expression-names.ts'

/**
 * Expressions (CEL) of a configuration, compiled with the names and types that a Talos minor declares for their place, so
 * that one that no node takes is found before it is sent. The library is more generous than the one of Talos in a few
 * places; those are refused here. Pure; nothing is ever evaluated.
 */

/** An expression is written by hand; one of more parts is a mistake or an attack on the CPU budget of a Worker. */
const LIMITS = { maxAstNodes: 500, maxDepth: 32, maxListElements: 64, maxMapEntries: 16, maxCallArguments: 8 }

/** What is wrong with an expression, in one line; undefined when a node of this minor takes it. */
export function expressionFault(kind: ExpressionKind, expression: string, minor: number): string | undefined {
  const [place, environment] = [PLACES[kind], environmentFor(kind, minor)]
  try {
    const parsed = environment.parse(expression)
    const checked = parsed.check()
    if (!checked.valid) return firstLine(checked.error)
    const strict = faultOfNode(parsed.ast, allowedCalls(place))
    if (strict !== undefined) return strict
    return checked.type === place.result ? undefined : `it is ${checked.type ?? 'something else'}, not ${place.result}`
  } catch (thrown) {
    return firstLine(thrown)
  }
}

const environments = new Map<string, Environment>()

/** Built once for a place and minor: declaring names costs more than checking an expression. */
function environmentFor(kind: ExpressionKind, minor: number): Environment {
  const key = `${kind} ${minor}`
  let environment = environments.get(key)
  if (!environment) environments.set(key, (environment = declare(PLACES[kind], minor)))
  return environment
}

/** Conversions that the language has and the library has not. */
const CONVERSIONS = [
  'int(uint): int',
  'int(google.protobuf.Timestamp): int',
  'string(google.protobuf.Duration): string',
  'string(google.protobuf.Timestamp): string',
]

function declare({ names, functions, optional }: ExpressionPlace, minor: number): Environment {
  const environment = new Environment({
    limits: LIMITS,
    enableOptionalTypes: optional,
    homogeneousAggregateLiterals: false,
  })
  for (const [message, fields] of Object.entries(MESSAGES)) {
    environment.registerType(message, { fields: Object.fromEntries(readNames(fields, minor)) })
    for (const other of ['null', message]) environment.registerOperator(`${message} == ${other}`, never)
  }
  for (const [name, type] of readNames(names, minor)) environment.registerVariable(name, type)
  for (const signature of [...functions, ...CONVERSIONS]) environment.registerFunction(signature, never)
  return environment
}

const never = (): boolean => false

function readNames(text: string, minor: number): readonly (readonly [string, string])[] {
  return text.split(';').flatMap((part) => {
    const [named = '', type = ''] = part.trim().split(/\s+/)
    const [name = '', since] = named.split('@')
    return since !== undefined && Number(since) > minor ? [] : [[name, type] as const]
  })
}

const STANDARD_CALLS =
  'size contains startsWith endsWith matches int uint double string bool bytes timestamp duration dyn type has all exists exists_one map filter getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds'
const OPTIONAL_CALLS = 'hasValue value or orValue of none ofNonZeroValue optMap optFlatMap'

const allowedCalls = ({ functions, optional }: ExpressionPlace): ReadonlySet<string> =>
  new Set([
    ...STANDARD_CALLS.split(' '),
    ...(optional ? OPTIONAL_CALLS.split(' ') : []),
    ...functions.map((signature) => signature.slice(0, signature.indexOf('('))),
  ])

const ORDERINGS: readonly string[] = ['<', '<=', '>', '>=']
/** These become a loop. Talos' checker forgets not to compare numbers of two types once it has been in one. */
const LOOPS: readonly string[] = ['all', 'exists', 'exists_one', 'map', 'filter', 'optMap', 'optFlatMap']
const NUMBERS: readonly string[] = ['int', 'uint', 'double']

/**
 * What the library lets pass and Talos does not: numbers of two types compared, fields in brackets, other functions. Walks in
 * the order of Talos' checker, where the first loop counts for all that comes after what it goes over.
 */
function faultOfNode(
  node: ASTNode,
  calls: ReadonlySet<string>,
  walk: { looped: boolean } = { looped: false },
): string | undefined {
  const { op, args } = node as { readonly op: string; readonly args: unknown }
  const [first, second] = Array.isArray(args) ? (args as readonly unknown[]) : [args]
  if ((op === '[]' || op === '[?]') && typeOf(first) in MESSAGES) return 'a field is named after a dot, not in brackets'
  if ((op === 'call' || op === 'rcall') && typeof first === 'string' && !calls.has(first))
    return `Talos has no function ${first} here`
  const loops = op === 'rcall' && LOOPS.includes(String(first))
  for (const child of inCheckedOrder(op, args, loops)) {
    const found = isNode(child) ? faultOfNode(child, calls, walk) : undefined
    if (found !== undefined) return found
    walk.looped ||= loops
  }
  if (!ORDERINGS.includes(op) || walk.looped) return undefined
  const [left, right] = [typeOf(first), typeOf(second)]
  return left !== right && NUMBERS.includes(left) && NUMBERS.includes(right)
    ? `no such overload: ${left} ${op} ${right}${left === 'uint' && right === 'int' ? '; write the number as in 1u' : ''}`
    : undefined
}

/** A loop is read from what it goes over; of any other call of something the arguments come first. */
function inCheckedOrder(op: string, args: unknown, loops: boolean): readonly unknown[] {
  if (!Array.isArray(args)) return [args]
  if (op !== 'rcall') return args.flat(2)
  const [, receiver, given] = args as readonly unknown[]
  const rest = Array.isArray(given) ? (given as readonly unknown[]) : [given]
  return loops ? [receiver, ...rest] : [...rest, receiver]
}

const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value

/** The checker leaves the type of each node at it. */
const typeOf = (node: unknown): string =>
  isNode(node) && 'checkedType' in node ? String((node as { readonly checkedType: unknown }).checkedType) : ''

/** The library draws the place of an error below its first line. */
const firstLine = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).split('\n', 1)[0] ?? ''
