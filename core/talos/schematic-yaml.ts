import { goYaml, Spelt, type YamlMembers, type YamlValue } from './go-yaml.ts'
import type { Schematic } from './schematic.ts'

/**
 * The exact text whose hash is a schematic's id: fields in the factory's order, empty ones left out, texts spelt as the
 * factory spells them. It keeps the order of lists, so order them before.
 *
 * Source: image-factory 1.5.0 `pkg/schematic`; facts talos.md §6.
 */
export function schematicYaml({ owner, overlay, customization = {} }: Schematic): string {
  const { embeddedMachineConfiguration, extraKernelArgs, meta, systemExtensions } = customization
  const { bootloader, secureboot, diskImage } = customization
  const { image = '', name = '', options } = overlay ?? {}
  const extensions = unlessEmpty(systemExtensions?.officialExtensions)
  return goYaml({
    owner: unlessZero(owner),
    // The whole of it goes when nothing is in it, and its two names stay when anything is.
    overlay: image === '' && name === '' && isEmpty(options) ? undefined : { image, name, options: sorted(options) },
    customization: {
      embeddedMachineConfiguration: unlessZero(embeddedMachineConfiguration),
      extraKernelArgs: unlessEmpty(extraKernelArgs),
      meta: unlessEmpty(meta)?.map(({ key, value }) => ({ key, value })),
      systemExtensions: extensions && { officialExtensions: extensions },
      bootloader: unlessZero(bootloader),
      secureboot: unlessHollow({
        enrollKeys: unlessZero(secureboot?.enrollKeys),
        includeWellKnownCertificates: unlessZero(secureboot?.includeWellKnownCertificates),
      }),
      diskImage: unlessHollow({ sectorSize: unlessZero(diskImage?.sectorSize) }),
    },
  })
}

/** Go leaves out what has the zero value of its type. */
const unlessZero = <T extends string | number | boolean>(value: T | undefined): T | undefined =>
  value === '' || value === 0 || value === false ? undefined : value

const unlessEmpty = <T>(list: readonly T[] | undefined): readonly T[] | undefined => (list?.length ? list : undefined)

const unlessHollow = (members: YamlMembers): YamlMembers | undefined =>
  Object.values(members).some((member) => member !== undefined) ? members : undefined

const isEmpty = (members: YamlMembers | undefined): boolean => Object.keys(members ?? {}).length === 0

/** Free-form maps are written in the order of their keys, at every depth. */
function sorted(options: YamlMembers | undefined): YamlMembers | undefined {
  if (!options || isEmpty(options)) return undefined
  return sortedMembers(options)
}

const sortedMembers = (members: YamlMembers): YamlMembers =>
  Object.fromEntries(
    Object.entries(members)
      .toSorted(([a], [b]) => compareKeys(a, b))
      .map(([key, value]) => [key, sortedValue(value)]),
  )

function sortedValue(value: YamlValue | undefined): YamlValue | undefined {
  if (Array.isArray(value)) return (value as readonly YamlValue[]).map((item) => sortedValue(item)!)
  return typeof value === 'object' && value !== null && !(value instanceof Spelt)
    ? sortedMembers(value as YamlMembers)
    : value
}

/** Numbers inside keys count as numbers: `disk2` comes before `disk10`. Elsewhere letters come last, unless after digits. */
function compareKeys(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)]
  const length = Math.min(left.length, right.length)
  const at = left.findIndex((char, index) => index >= length || char !== right[index])
  if (at < 0 || at >= length) return left.length - right.length
  const [l, r] = [left[at]!, right[at]!]
  const [leftIsLetter, rightIsLetter] = [isLetter(l), isLetter(r)]
  if (leftIsLetter && rightIsLetter) return l.codePointAt(0)! - r.codePointAt(0)!
  if (leftIsLetter || rightIsLetter) {
    const afterDigit = at > 0 && isDigit(left[at - 1]!)
    return leftIsLetter === afterDigit ? -1 : 1
  }
  const [leftDigits, rightDigits] = [digitsFrom(left, at), digitsFrom(right, at)]
  // A zero after another digit is a digit of one number; a leading one says nothing.
  const before = l === '0' || r === '0' ? digitsBefore(left, at) : ''
  const grown = /[1-9]/.test(before) ? '1' : ''
  const byNumber = Number(grown + leftDigits) - Number(grown + rightDigits)
  return byNumber || leftDigits.length - rightDigits.length || l.codePointAt(0)! - r.codePointAt(0)!
}

const isLetter = (char: string): boolean => /\p{L}/u.test(char)
const isDigit = (char: string): boolean => /\p{Nd}/u.test(char)
const digitsFrom = (chars: readonly string[], at: number): string => /^\d*/.exec(chars.slice(at).join(''))?.[0] ?? ''
const digitsBefore = (chars: readonly string[], at: number): string =>
  /\d*$/.exec(chars.slice(0, at).join(''))?.[0] ?? ''
