import { isScalar, parseAllDocuments } from 'yaml'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Schematic } from '#core/talos/schematic.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { printable } from '../output/text.ts'
import { readGoScalar } from './go-scalar.ts'
import { flag, freeMap, listOf, structOf, text, wholeNumber, type Reader } from './read-go-yaml.ts'

/**
 * Reads a schematic as the Image Factory does: the same scalars are texts, the same are refused, and of several documents
 * the first counts. An unknown field would be lost there and give another id than its file promises. A file with nothing
 * in it is the plain image here, where the factory itself takes nothing.
 *
 * Source: image-factory 1.5.0 `pkg/schematic`; test/extra/talos-schematic compares.
 */
export function parseSchematic(name: string, content: string): Result<Schematic, Failure> {
  const [document] = parseAllDocuments(content, { prettyErrors: false, version: '1.2', uniqueKeys: false })
  const broken = document?.errors[0]
  if (broken) return fail(EXIT.usage, `${name} is not YAML: ${printable(broken.message)}`)
  const { contents } = document ?? {}
  if (!document || !contents || isNothing(contents)) return ok({})
  const read = schematic(contents, '', document)
  if (read.ok) return ok(toSchematic(read.value ?? {}))
  const { where, reason } = read.error
  return fail(EXIT.usage, `${name} is no schematic: ${printable(where === '' ? `it ${reason}` : `${where} ${reason}`)}`)
}

const isNothing = (node: unknown): boolean => isScalar(node) && readGoScalar(node).is === 'null'

const MAX_META_KEY = 255

/** A name of upstream's; in any case, and `none` is no choice at all. */
const bootloader: Reader<'' | 'dual-boot' | 'grub' | 'sd-boot'> = (node, where) => {
  const name = isScalar(node) ? readGoScalar(node).text.toLowerCase() : ''
  if (name === 'none') return ok('')
  if (name === 'dual-boot' || name === 'grub' || name === 'sd-boot') return ok(name)
  return err({ where, reason: 'is none of dual-boot, sd-boot, grub and none' })
}

const schematic = structOf({
  owner: text,
  overlay: structOf({ image: text, name: text, options: freeMap }),
  customization: structOf({
    embeddedMachineConfiguration: text,
    extraKernelArgs: listOf(text),
    meta: listOf(structOf({ key: wholeNumber(MAX_META_KEY), value: text })),
    systemExtensions: structOf({ officialExtensions: listOf(text) }),
    bootloader,
    secureboot: structOf({ enrollKeys: text, includeWellKnownCertificates: flag }),
    diskImage: structOf({ sectorSize: wholeNumber(Number.MAX_SAFE_INTEGER) }),
  }),
})
type Found = ReturnType<typeof schematic> extends Result<(infer T) | undefined, infer _> ? NonNullable<T> : never

function toSchematic({ owner = '', overlay, customization = {} }: Found): Schematic {
  const { meta = [], systemExtensions = {}, bootloader: boot = '', ...others } = customization
  return {
    owner,
    ...(overlay && { overlay: { image: '', name: '', ...overlay } }),
    customization: {
      ...others,
      meta: meta.map(({ key = 0, value = '' }) => ({ key, value })),
      systemExtensions: { officialExtensions: systemExtensions.officialExtensions ?? [] },
      ...(boot !== '' && { bootloader: boot }),
    },
  }
}
