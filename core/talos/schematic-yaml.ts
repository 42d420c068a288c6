import { goYamlScalar } from './go-yaml-scalar.ts'
import type { Schematic } from './schematic.ts'

/**
 * The exact text whose hash is a schematic's id: fields in the factory's order, empty ones left out, texts spelt as the
 * factory spells them. It keeps the order of lists, so order them before.
 *
 * Source: image-factory 1.5.0 `pkg/schematic`; facts talos.md §6.
 */
export function schematicYaml({ owner, overlay, customization = {} }: Schematic): string {
  const custom = customizationLines(customization)
  const lines = [
    ...field(0, 'owner', owner),
    ...section(0, 'overlay', overlay ? overlayLines(overlay) : []),
    ...(custom.length > 0 ? section(0, 'customization', custom) : ['customization: {}']),
  ]
  return `${lines.join('\n')}\n`
}

function overlayLines({ image, name, options = {} }: NonNullable<Schematic['overlay']>): readonly string[] {
  const keys = Object.keys(options).sort()
  const lines = keys.map((key) => `${pad(2)}${goYamlScalar(key, 0)}: ${written(options[key]!, 2)}`)
  const names = [
    `${pad(1)}image: ${goYamlScalar(image, 2 * INDENT)}`,
    `${pad(1)}name: ${goYamlScalar(name, 2 * INDENT)}`,
  ]
  return [...names, ...section(1, 'options', lines)]
}

function customizationLines(customization: NonNullable<Schematic['customization']>): readonly string[] {
  const { embeddedMachineConfiguration, extraKernelArgs = [], meta = [], systemExtensions } = customization
  const { bootloader, secureboot, diskImage } = customization
  return [
    ...field(1, 'embeddedMachineConfiguration', embeddedMachineConfiguration),
    ...section(1, 'extraKernelArgs', items(2, extraKernelArgs)),
    ...section(1, 'meta', meta.flatMap(metaLines)),
    ...section(
      1,
      'systemExtensions',
      section(2, 'officialExtensions', items(3, systemExtensions?.officialExtensions ?? [])),
    ),
    ...field(1, 'bootloader', bootloader),
    ...section(1, 'secureboot', [
      ...field(2, 'enrollKeys', secureboot?.enrollKeys),
      ...field(2, 'includeWellKnownCertificates', secureboot?.includeWellKnownCertificates),
    ]),
    ...section(1, 'diskImage', field(2, 'sectorSize', diskImage?.sectorSize)),
  ]
}

/** A mapping in a list starts two columns in, and texts below it at the next full indent. */
const metaLines = ({ key, value }: { readonly key: number; readonly value: string }): readonly string[] => [
  `${pad(2)}- key: ${key}`,
  `${pad(2)}  value: ${goYamlScalar(value, 3 * INDENT)}`,
]

const INDENT = 4
const pad = (depth: number): string => ' '.repeat(depth * INDENT)

const section = (depth: number, name: string, lines: readonly string[]): readonly string[] =>
  lines.length > 0 ? [`${pad(depth)}${name}:`, ...lines] : []

const items = (depth: number, texts: readonly string[]): readonly string[] =>
  texts.map((text) => `${pad(depth)}- ${goYamlScalar(text, depth * INDENT + 2)}`)

const written = (value: string | number | boolean, depth: number): string =>
  typeof value === 'string' ? goYamlScalar(value, (depth + 1) * INDENT) : String(value)

/** Go leaves out what has the zero value of its type. */
const field = (depth: number, name: string, value: string | number | boolean | undefined): readonly string[] =>
  value === undefined || value === '' || value === 0 || value === false
    ? []
    : [`${pad(depth)}${name}: ${written(value, depth)}`]
