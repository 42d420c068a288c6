import { goDate } from './go-yaml-date.ts'

/**
 * A text as Go's YAML library writes it in block style with an indent of four. Only where such YAML is hashed does the
 * spelling matter: another quote is another schematic.
 *
 * Source: go.yaml.in/yaml/v4 at v4.0.0-rc.6, which image-factory 1.5.0 and Talos 1.14 write with; earlier ones differ only
 * in which quote a `yes` gets.
 */

/** `column` is where the lines of a text with line breaks begin. */
export function goYamlScalar(text: string, column: number): string {
  if (text.includes('\n')) return fitsBlock(text) ? literal(text, column) : doubleQuoted(text)
  if (SPECIAL.test(text) || text.includes('\t') || readsAsOther(text)) return doubleQuoted(text)
  return needsQuotes(text) || readsAsOtherInOldYaml(text) ? `'${text.replaceAll("'", "''")}'` : text
}

/** A block cannot show spaces at the end of a line, nor what is not printed. */
const fitsBlock = (text: string): boolean => !SPECIAL.test(text) && !/ (\n|$)/.test(text) && /\S/.test(text)

/** What is not printed as it is: controls, separators and everything beyond the basic plane. */
// eslint-disable-next-line no-control-regex
const SPECIAL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ud800-\udfff\ufffe\uffff]/

/** Begins or goes on like YAML of another meaning. */
const needsQuotes = (text: string): boolean =>
  /^[#,[\]{}&*!|>'"%@`]/.test(text) ||
  /^[-?:]([ \t\n]|$)/.test(text) ||
  /^(---|\.\.\.)/.test(text) ||
  /^ | $/.test(text) ||
  /:([ \t\n]|$)/.test(text) ||
  /[ \t\n]#/.test(text) ||
  LINE_SEPARATOR.test(text)

/** They end a line, too, and are kept inside quotes. */
const LINE_SEPARATOR = /[\u2028\u2029]/

/** A truth value, a number to the base of 60 or a merge, as readers of YAML 1.1 would have it. */
const readsAsOtherInOldYaml = (text: string): boolean =>
  /^([yY]|yes|Yes|YES|[nN]|no|No|NO|on|On|ON|off|Off|OFF|<<)$/.test(text) ||
  /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/.test(text)

/** Without quotes it would be a number, a date, a truth value or nothing. */
const readsAsOther = (text: string): boolean => {
  const digits = text.replaceAll('_', '')
  return (
    /^(|~|null|Null|NULL)$/.test(text) ||
    /^(true|True|TRUE|false|False|FALSE)$/.test(text) ||
    /^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$/.test(text) ||
    /^\.[0-9]+([eE][-+]?[0-9]+)?$/.test(text) ||
    (/^[-+0-9]/.test(text) &&
      (/^[-+]?(0x[0-9a-fA-F]+|0o?[0-7]+|0b[01]+)$/.test(digits) ||
        /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(digits))) ||
    goDate(text) !== undefined
  )
}

function literal(text: string, column: number): string {
  const indent = text.startsWith(' ') ? '4' : ''
  const end = text.endsWith('\n\n') ? '+' : text.endsWith('\n') ? '' : '-'
  const lines = text.replace(/\n$/, '').split('\n')
  return [`|${indent}${end}`, ...lines.map((line) => (line === '' ? '' : ' '.repeat(column) + line))].join('\n')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
}

function doubleQuoted(text: string): string {
  const escaped = Array.from(text, (char) => {
    const known = ESCAPES[char]
    if (known !== undefined || (!SPECIAL.test(char) && char.length === 1)) return known ?? char
    const code = char.codePointAt(0)!.toString(16).toUpperCase()
    if (code.length <= 2) return `\\x${code.padStart(2, '0')}`
    return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`
  })
  return `"${escaped.join('')}"`
}
