import { invariant } from '../../base/invariant.ts'
import type { Json } from '../../base/canonical-json.ts'
import { expressionFault } from './check-expression.ts'
import type { ExpressionKind } from './expression-names.ts'
import { fault, type FieldFault } from './fault.ts'
import type { Field, Shape, Shapes } from './shape-language.ts'

/** Unknown fields, missing fields and values of the wrong type. `null` is absent, as it is for a node. */
export function checkShape(value: Json, shape: Shape, shapes: Shapes, minor: number, path = ''): readonly FieldFault[] {
  if (!isObject(value)) return [fault(path, 'is not a mapping')]
  const at = (name: string) => (path === '' ? name : `${path}.${name}`)
  const known = [...shape.fields].filter(([, field]) => field.since <= minor)
  const missing = known
    .filter(([name, field]) => field.required && isAbsent(value[name], field))
    .map(([name]) => fault(at(name), 'is missing'))
  const wrong = Object.entries(value).flatMap(([name, member]) => {
    const field = shape.fields.get(name)
    if (!field || field.since > minor)
      return [fault(at(name), field ? `is known from Talos 1.${field.since} on` : 'is unknown')]
    return member === undefined || member === null ? [] : checkField(member, field, shapes, minor, at(name))
  })
  return [...missing, ...wrong]
}

/** A scalar that has to be there and is empty is not there. */
const isAbsent = (value: Json | undefined, { type, list }: Field): boolean =>
  (value ?? null) === null || (value === '' && !list && type !== 'object' && !type.startsWith('&'))

function checkField(value: Json, field: Field, shapes: Shapes, minor: number, path: string): readonly FieldFault[] {
  if (!field.list) return checkType(value, field.type, shapes, minor, path)
  if (!Array.isArray(value)) return [fault(path, 'is not a list')]
  // A node leaves a null item out where it has no members.
  return value.flatMap((item: Json, index) =>
    item === null && !field.type.startsWith('&') ? [] : checkType(item, field.type, shapes, minor, `${path}[${index}]`),
  )
}

function checkType(value: Json, type: string, shapes: Shapes, minor: number, path: string): readonly FieldFault[] {
  if (type.startsWith('&')) {
    const shape = shapes.get(type.slice(1))
    invariant(shape, `a shape is missing: ${type}`)
    return checkShape(value, shape, shapes, minor, path)
  }
  const check = TYPES[type] ?? (type.startsWith('url:') ? url(type.slice(4)) : (placed(type) ?? oneOf(type)))
  const wrong = check(value, minor)
  return wrong === undefined ? [] : [fault(path, wrong)]
}

type TypeCheck = (value: Json, minor: number) => string | undefined

const unless =
  (fits: (value: Json) => boolean, message: string): TypeCheck =>
  (value) =>
    fits(value) ? undefined : message

/** A node takes any scalar where a text is wanted: `1024` is as good as `"1024"`. */
const isScalar = (value: Json): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
const matching = (pattern: RegExp) => (value: Json) => typeof value === 'string' && pattern.test(value)
const isObject = (value: Json): value is Readonly<Record<string, Json | undefined>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const eachMember = (fits: (value: Json) => boolean) => (value: Json) =>
  isObject(value) && Object.values(value).every((member) => member === null || member === undefined || fits(member))

const isTextList = (value: Json): boolean => Array.isArray(value) && value.every(isScalar)

const unsigned = (bits: number): TypeCheck =>
  unless(
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** bits,
    `is not a whole number from 0 to ${2 ** bits - 1}`,
  )

const TYPES: Readonly<Record<string, TypeCheck>> = {
  any: () => undefined,
  text: unless(isScalar, 'is not a text'),
  flag: unless((value) => typeof value === 'boolean', 'is neither true nor false'),
  int: unless((value) => Number.isInteger(value), 'is not a whole number'),
  u8: unsigned(8),
  u16: unsigned(16),
  u32: unsigned(32),
  object: unless(isObject, 'is not a mapping'),
  map: unless(eachMember(isScalar), 'is not a mapping of texts'),
  flags: unless(
    eachMember((value) => typeof value === 'boolean'),
    'is not a mapping of true and false',
  ),
  // Lists of values came with 1.13.
  args: (value, minor) =>
    eachMember((member) => isScalar(member) || (minor >= 13 && isTextList(member)))(value)
      ? undefined
      : 'is not a mapping of texts',
  port: unless((value) => Number.isInteger(value) || matching(/^\d{1,5}(-\d{1,5})?$/)(value), 'is not a port or range'),
  cidr: unless(matching(/^([0-9a-f.:]+\/\d{1,3})?$/i), 'is not an address with a prefix length'),
  ip: unless(matching(/^[0-9a-f.:]*$/i), 'is not an address'),
  mac: unless(matching(/^[0-9a-f:]+$/i), 'is not a hardware address'),
  hex: unless(matching(/^[0-9a-f]{2}(:[0-9a-f]{2})+$/i), 'is not bytes in hex, joined by colons'),
  duration: unless(matching(/^[-+]?(0|((\d+(\.\d*)?|\.\d+)([nuµm]?s|m|h))+)$/), 'is not a duration like 1h30m'),
  endpoint: unless(matching(/^([0-9a-f.:]+|\[[0-9a-f:.]+\]):\d{1,5}$/i), 'is not an address with a port'),
}

const EXPRESSION = 'cel:'

const placed = (type: string): TypeCheck | undefined =>
  type.startsWith(EXPRESSION) ? expression(type.slice(EXPRESSION.length) as ExpressionKind) : undefined

const expression =
  (kind: ExpressionKind): TypeCheck =>
  (value, minor) => {
    if (!isScalar(value)) return 'is not a text'
    const wrong = expressionFault(kind, String(value), minor)
    return wrong === undefined ? undefined : `is no expression that Talos takes: ${wrong}`
  }

const url = (schemes: string): TypeCheck => {
  const allowed = schemes.split(',')
  return unless(
    (value) => typeof value === 'string' && allowed.some((scheme) => value.startsWith(`${scheme}://`)),
    `is not a URL of ${allowed.join(' or ')}`,
  )
}

const oneOf = (type: string): TypeCheck => {
  const allowed = type.split('|')
  return unless((value) => isScalar(value) && allowed.includes(String(value)), `is none of ${allowed.join(', ')}`)
}
