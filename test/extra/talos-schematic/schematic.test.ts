import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parseSchematic } from '#cli/talos/read-schematic.ts'
import { schematicId } from '#core/talos/schematic.ts'
import { schematicYaml } from '#core/talos/schematic-yaml.ts'
import { seededRandom, type Random } from '#test/support/random.ts'

/**
 * Random schematics, in the styles that people write, through `lanline talos schematic` and through the Image Factory's
 * own code: a program of main.go beside this file. Both must give the same id, or refuse.
 */
const PROGRAM = process.env['LANLINE_TALOS_SCHEMATIC']
const CASES = Number(process.env['LANLINE_TALOS_SCHEMATIC_CASES'] ?? '3000')
const FIRST_SEED = Number(process.env['LANLINE_TALOS_SCHEMATIC_SEED'] ?? '1')

if (PROGRAM === undefined)
  process.stdout.write(
    'extra: LANLINE_TALOS_SCHEMATIC is not set (npx node test/extra/build-peers.ts makes it); no schematic was compared\n',
  )

const TEXTS = [
  'console=ttyS0,115200n8',
  'talos.config=https://x/y?z=1&a=b',
  '-selinux',
  'yes',
  'NO',
  'on',
  'true',
  'null',
  '~',
  '1',
  '017',
  '0x1F',
  '1e3',
  '1_000',
  '.5',
  '1:30',
  '2024-01-01',
  '2024-01-01T00:00:00Z',
  '<<',
  '=',
  '',
  ' ',
  'a: b',
  'a #b',
  '#a',
  '"q"',
  "it's",
  '{a}',
  '[a]',
  '&a',
  '*a',
  '!a',
  '|',
  '>',
  '%p',
  '@a',
  '`a`',
  '- a',
  '-',
  '?',
  ': a',
  'a:',
  'é日本',
  'emoji 😀 text',
  'a\tb',
  'a\nb',
  'a\nb\n',
  'a\n\n',
  '\na',
  '  a\nb\n',
  'a \nb',
  'a\r\nb',
  '\u0000',
  '\u00a0',
  '\u2028',
  '\ufeff',
  'siderolabs/qemu-guest-agent',
  'siderolabs/iscsi-tools',
  'long '.repeat(40),
  'x'.repeat(300),
  `${'word '.repeat(30)}: y`,
  '---',
  '--- a',
  '...',
  'a ',
  ' a',
  '+5',
  '-0',
  '0',
  '.inf',
  '.nan',
  '-.inf',
  '12e03',
  '0o17',
  '0b1',
  '\u0085',
  '\u007f',
]

/** As they stand in a file, in any of the notations of YAML. */
const PLAIN = [
  'yes',
  'true',
  'False',
  '12',
  '0x1f',
  '1.50',
  '1e3',
  '~',
  'null',
  '2024-01-01',
  'a b',
  'off',
  '.5',
  '017',
  '0o7',
  '"x"',
  "'y'",
  '1_0',
  '!!str 5',
]
const FREE = [
  ...PLAIN,
  '[1, a, [2, 3]]',
  '{b: 1, a: [x, {y: z}], a10: 1, a9: 2}',
  '1000000.0',
  '123456.5',
  '0.00001',
  '-0',
  '{}',
  '[]',
  '18446744073709551615',
  '2024-01-01 10:00:00.5',
]

/** Breaks of lines beyond the usual one are escaped: as they are, they would be folded. */
const quoted = (random: Random): string =>
  JSON.stringify(random.pick(TEXTS)).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
const scalar = (random: Random): string => (random.chance(0.25) ? random.pick(PLAIN) : quoted(random))
const list = (random: Random, item: () => string): string =>
  `[${Array.from({ length: random.int(4) }, item).join(', ')}]`
const map = (members: readonly (readonly [string, string])[]): string =>
  `{${members.map(([key, value]) => `${key}: ${value}`).join(', ')}}`

function some(random: Random, members: readonly (readonly [string, () => string])[], chance = 0.5): string {
  const chosen = members.filter(() => random.chance(chance)).map(([name, value]) => [name, value()] as const)
  return map(random.chance(0.5) ? chosen : chosen.toReversed())
}

function aFile(random: Random): string {
  const bad = random.chance(0.05) ? ([['unknown', () => '1']] as const) : []
  return some(
    random,
    [
      ['owner', () => scalar(random)],
      [
        'overlay',
        () =>
          some(
            random,
            [
              ['image', () => scalar(random)],
              ['name', () => scalar(random)],
              [
                'options',
                () =>
                  map(
                    ['a', 'b2', 'b10', 'Z', 'n', 'a-b']
                      .filter(() => random.chance(0.4))
                      .map((key) => [key, random.chance(0.4) ? random.pick(FREE) : quoted(random)]),
                  ),
              ],
            ],
            0.7,
          ),
      ],
      [
        'customization',
        () =>
          some(random, [
            ['embeddedMachineConfiguration', () => scalar(random)],
            ['extraKernelArgs', () => list(random, () => scalar(random))],
            [
              'meta',
              () =>
                list(random, () =>
                  some(
                    random,
                    [
                      [
                        'key',
                        () =>
                          random.pick(
                            ['10', '0xb', '0', '255', '256', '1.0', '"1"', '-1'].slice(0, random.chance(0.8) ? 4 : 8),
                          ),
                      ],
                      ['value', () => scalar(random)],
                    ],
                    0.9,
                  ),
                ),
            ],
            [
              'systemExtensions',
              () => some(random, [['officialExtensions', () => list(random, () => scalar(random))]], 0.9),
            ],
            [
              'bootloader',
              () =>
                random.pick(
                  ['grub', 'sd-boot', 'dual-boot', 'none', 'GRUB', 'auto', '""', '~'].slice(
                    0,
                    random.chance(0.8) ? 4 : 8,
                  ),
                ),
            ],
            [
              'secureboot',
              () =>
                some(random, [
                  ['enrollKeys', () => scalar(random)],
                  [
                    'includeWellKnownCertificates',
                    () =>
                      random.pick(
                        ['true', 'false', 'yes', 'Off', '"on"', 'yEs', '1'].slice(0, random.chance(0.9) ? 5 : 7),
                      ),
                  ],
                ]),
            ],
            [
              'diskImage',
              () =>
                some(random, [
                  [
                    'sectorSize',
                    () =>
                      random.pick(
                        ['512', '4096', '0', '0x200', '512.0', '512.5', '-1', '"512"'].slice(
                          0,
                          random.chance(0.8) ? 5 : 8,
                        ),
                      ),
                  ],
                ]),
            ],
          ]),
      ],
      ...bad,
    ],
    0.7,
  )
}

test.skipIf(PROGRAM === undefined)(
  'an id is that of the factory, and what it refuses is refused',
  { timeout: 300_000 },
  () => {
    const files = Array.from({ length: CASES }, (_, index) => aFile(seededRandom(FIRST_SEED + index)))
    const input = files.map((file) => JSON.stringify(file)).join('\n')
    const { stdout } = spawnSync(PROGRAM ?? '', { input, maxBuffer: 1024 * 1024 * 1024, encoding: 'utf8' })
    const theirs = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { ID: string; YAML: string; Err: string })
    const results = files.map((file, index) => {
      const their = theirs[index]!
      const our = parseSchematic('file', file)
      const same = our.ok ? their.ID === schematicId(our.value) : their.Err !== ''
      return {
        same,
        seed: FIRST_SEED + index,
        file,
        our: our.ok ? schematicYaml(our.value) : our.error.lines.join(),
        their: their.Err || their.YAML,
      }
    })
    const refused = theirs.filter(({ Err }) => Err !== '').length
    const different = results.filter(({ same }) => !same).toSorted((a, b) => a.file.length - b.file.length)
    process.stdout.write(
      `extra: ${files.length - refused} schematics with an id, ${refused} refused, ${different.length} different\n`,
    )
    expect(different.slice(0, 3)).toEqual([])
  },
)
