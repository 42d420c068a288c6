import { invariant } from '../../base/invariant.ts'

/**
 * A small language for the shapes of configuration documents, so that a kind is a line that can be read beside Talos'
 * reference. A shape is `Name: field type; field type`; a line that begins with a space goes on with the one before.
 *
 *   kind Name      a document of its own; the others are parts
 *   Name@13        known from Talos 1.13 on, and so are fields written `field@13`
 *   field!         has to be there
 *   +Part          all fields of a part
 *
 * Types: text, flag, int, u8, u16, u32, any, object, map (of text), flags (of flag), args (of text or lists of text), port, cidr, ip,
 * mac, hex, duration, endpoint, url:scheme,…, cel:place, one|of|these, &Part; `type[]` is a list.
 */
export interface Shape {
  readonly kind: boolean
  readonly since: number
  readonly fields: ReadonlyMap<string, Field>
}

export interface Field {
  readonly since: number
  readonly required: boolean
  readonly list: boolean
  readonly type: string
}

export type Shapes = ReadonlyMap<string, Shape>

/** The oldest minor, so that most lines need no number. */
const OLDEST = 12

export function readShapes(...texts: readonly string[]): Shapes {
  const shapes = new Map<string, Shape>()
  const lines = texts.flatMap((text) => text.trim().replace(/\n\s+/g, ' ').split('\n'))
  for (const line of lines) {
    const match = /^(kind )?([A-Za-z0-9]+)(?:@(\d+))?:\s*(.*)$/.exec(line)
    invariant(match, `a shape cannot be read: ${line}`)
    const fields = new Map(match[4]!.split(';').flatMap((field) => readField(field.trim(), shapes)))
    shapes.set(match[2]!, { kind: match[1] !== undefined, since: Number(match[3] ?? OLDEST), fields })
  }
  return shapes
}

/** Parts that a line adds have to stand before it; parts that it names may stand anywhere. */
function readField(text: string, shapes: ReadonlyMap<string, Shape>): readonly (readonly [string, Field])[] {
  if (text === '') return []
  if (text.startsWith('+')) {
    const part = shapes.get(text.slice(1))
    invariant(part, `a shape is missing: ${text}`)
    return [...part.fields]
  }
  const match = /^([A-Za-z0-9-]+)(!)?(?:@(\d+))? (\S+?)(\[\])?$/.exec(text)
  invariant(match, `a field cannot be read: ${text}`)
  const [, name, required, since, type, list] = match
  return [
    [
      name!,
      { since: Number(since ?? OLDEST), required: required !== undefined, list: list !== undefined, type: type! },
    ],
  ]
}
