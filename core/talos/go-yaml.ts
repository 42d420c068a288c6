import type { Json } from '../base/canonical-json.ts'
import { goYamlScalar } from './go-yaml-scalar.ts'

/**
 * A document as Go's YAML library writes it with an indent of four: the text of `talosctl gen config`, byte for byte, and
 * some ten times faster than a general library. Members that are undefined are left out.
 */
export function goYaml(document: { readonly [key: string]: Json | undefined }): string {
  const lines: string[] = []
  writeMembers(membersOf(document), 0, '', lines)
  return `${lines.length > 0 ? lines.join('\n') : '{}'}\n`
}

type Members = readonly (readonly [string, Json])[]

const INDENT = 4

/** Below what is in a list, columns go back to the grid. */
const nextColumn = (column: number): number => INDENT * Math.floor((column + INDENT) / INDENT)

/** `first` is what stands before the first member in its line, as in `- `. */
function writeMembers(members: Members, column: number, first: string, lines: string[]): void {
  const pad = ' '.repeat(column)
  for (const [index, [name, value]] of members.entries()) {
    const key = `${index === 0 && first !== '' ? first : pad}${goYamlScalar(name, 0)}:`
    writeValue(value, key, nextColumn(column), nextColumn(column), lines)
  }
}

/** `textColumn` is where the lines of a text with line breaks begin, `column` where members and items do. */
function writeValue(value: Json, key: string, column: number, textColumn: number, lines: string[]): void {
  if (typeof value === 'string') {
    lines.push(`${key} ${goYamlScalar(value, textColumn)}`)
  } else if (isList(value)) {
    lines.push(value.length === 0 ? `${key} []` : key)
    const item = `${' '.repeat(column)}-`
    for (const one of value) writeItem(one, item, column, lines)
  } else if (typeof value === 'object' && value !== null) {
    const members = membersOf(value)
    lines.push(members.length === 0 ? `${key} {}` : key)
    writeMembers(members, column, '', lines)
  } else {
    lines.push(`${key} ${String(value)}`)
  }
}

function writeItem(value: Json, item: string, column: number, lines: string[]): void {
  if (typeof value === 'object' && value !== null && !isList(value)) {
    const members = membersOf(value)
    if (members.length === 0) lines.push(`${item} {}`)
    else writeMembers(members, column + 2, `${item} `, lines)
    return
  }
  writeValue(value, item, nextColumn(column), column + 2, lines)
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

const membersOf = (value: { readonly [key: string]: Json | undefined }): Members =>
  Object.entries(value).filter((member): member is [string, Json] => member[1] !== undefined)
