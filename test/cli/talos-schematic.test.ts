import { describe, expect, test } from 'vitest'
import { parseSchematic } from '#cli/talos/read-schematic.ts'
import { goFloat } from '#cli/talos/go-scalar.ts'
import { schematicYaml } from '#core/talos/schematic-yaml.ts'

const written = (file: string): string => {
  const read = parseSchematic('file', file)
  return read.ok ? schematicYaml(read.value) : `refused: ${read.error.lines.join(' ')}`
}
const inCustomization = (lines: string): string => `customization:\n${lines.replaceAll(/^/gm, '    ')}\n`

describe('a schematic is read as the factory reads it', () => {
  test.each([
    [
      '{extraKernelArgs: [1, true, 0x10, 1.0, yes]}',
      'extraKernelArgs:\n    - "1"\n    - "true"\n    - "0x10"\n    - "1.0"\n    - \'yes\'',
    ],
    ['{extraKernelArgs: [a, null, b, ~, ""]}', 'extraKernelArgs:\n    - a\n    - b\n    - ""'],
    [
      '{extraKernelArgs: &a [x, "y"], systemExtensions: {officialExtensions: *a}}',
      "extraKernelArgs:\n    - x\n    - 'y'\nsystemExtensions:\n    officialExtensions:\n        - x\n        - 'y'",
    ],
    ['{<<: {extraKernelArgs: [x]}}', 'extraKernelArgs:\n    - x'],
    ['{meta: [{key: 0xa}, null, {}]}', 'meta:\n    - key: 10\n      value: ""\n    - key: 0\n      value: ""'],
    ['{bootloader: GRUB}', 'bootloader: grub'],
    [
      '{secureboot: {includeWellKnownCertificates: "on", enrollKeys: 1.50}}',
      'secureboot:\n    enrollKeys: "1.50"\n    includeWellKnownCertificates: true',
    ],
    ['{diskImage: {sectorSize: 512.0}}', 'diskImage:\n    sectorSize: 512'],
  ])('%s', (customization, lines) => {
    expect(written(`customization: ${customization}\n`)).toBe(inCustomization(lines))
  })

  test.each([
    'customization:\n',
    'customization: {bootloader: none}',
    '~',
    '',
    '# nothing',
    'customization: {}\n---\n: : :',
  ])('nothing is chosen in %j: the plain image', (file) => {
    expect(written(file)).toBe('customization: {}\n')
  })

  test.each([
    ['customization: {bootloader: auto}', 'customization.bootloader is none of dual-boot, sd-boot, grub and none'],
    ['customization: {extraKernelArgs: x}', 'customization.extraKernelArgs is not a list'],
    ['customization: {extraKernelArgs: [2024-01-01]}', 'customization.extraKernelArgs[0] is not a text'],
    ['customization: {meta: [{key: 256}]}', 'customization.meta[0].key is not a whole number up to 255'],
    ['customization: {diskImage: {sectorSize: "512"}}', 'customization.diskImage.sectorSize is not a whole number'],
    ['customization: {secureboot: {includeWellKnownCertificates: 1}}', 'is not true or false'],
    ['customization: {}\ncustomization: {}', 'customization is there twice'],
    ['customisation: {}', 'customisation is no field of a schematic'],
    ['[]', 'it is not a map'],
    ['a: [', 'is not YAML'],
  ])('refuses %j, as the factory does', (file, words) => {
    expect(written(file)).toContain(words)
  })
})

describe('options of an overlay', () => {
  test('are free, and written by their keys, numbers inside them as numbers', () => {
    expect(
      written('overlay: {image: i, name: n, options: {b: [[1, 2], [{y: z, x: w}], []], a10: 1, a9: 2, A: {}, 1: ~}}'),
    ).toBe(
      `overlay:
    image: i
    name: "n"
    options:
        "1": null
        A: {}
        a9: 2
        a10: 1
        b:
            - - 1
              - 2
            - - x: w
                'y': z
            - []
customization: {}
`.replace('"n"', "'n'"),
    )
  })

  test.each([
    ['1000000.0', '1e+06'],
    ['1000000', '1000000'],
    ['1_000', '1000'],
    ['017', '15'],
    ['18446744073709551615', '18446744073709551615'],
    ['18446744073709551616', '1.8446744073709552e+19'],
    ['-0', '-0'],
    ['2001-1-2', '2001-01-02T00:00:00Z'],
    ['2001-12-14 21:59:43.10', '2001-12-14T21:59:43.1Z'],
    ['2001-12-14t21:59:43-05:00', '2001-12-14T21:59:43-05:00'],
    ['2001-2-30', '2001-2-30'],
    ['yes', "'yes'"],
  ])('%s is written as %s', (value, spelling) => {
    expect(written(`overlay: {image: i, name: a, options: {o: ${value}}}`)).toContain(`        o: ${spelling}\n`)
  })

  test('an overlay with one name has both', () => {
    expect(written('overlay: {image: i}')).toBe('overlay:\n    image: i\n    name: ""\ncustomization: {}\n')
  })
})

test.each([
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [123456.5, '123456.5'],
  [1234567.5, '1.2345675e+06'],
  [NaN, '.nan'],
  [-Infinity, '-.inf'],
])('%d is spelt %s', (value, spelling) => {
  expect(goFloat(value)).toBe(spelling)
})
