import { parseDocument } from 'yaml'
import { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import type { Schematic } from '#core/talos/schematic.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { printable } from '../output/text.ts'

/** What the Image Factory takes; an unknown field would be lost there and give another id than its file promises. */
const text = z.string().max(1024 * 1024)
const SchematicFile = z.strictObject({
  owner: text.optional(),
  overlay: z
    .strictObject({
      image: text,
      name: text,
      options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    })
    .optional(),
  customization: z
    .strictObject({
      embeddedMachineConfiguration: text.optional(),
      extraKernelArgs: z.array(text).max(1000).optional(),
      meta: z
        .array(z.strictObject({ key: z.int().min(0).max(255), value: text }))
        .max(256)
        .optional(),
      systemExtensions: z.strictObject({ officialExtensions: z.array(text).max(1000).default([]) }).optional(),
      bootloader: z.enum(['auto', 'dual-boot', 'grub', 'sd-boot']).optional(),
      secureboot: z
        .strictObject({ enrollKeys: text.optional(), includeWellKnownCertificates: z.boolean().optional() })
        .optional(),
      diskImage: z.strictObject({ sectorSize: z.int().optional() }).optional(),
    })
    .optional(),
})

export function parseSchematic(name: string, content: string): Result<Schematic, Failure> {
  const document = parseDocument(content, { prettyErrors: false })
  const [broken] = document.errors
  if (broken) return fail(EXIT.usage, `${name} is not YAML: ${printable(broken.message)}`)
  const value = withoutNull(document.toJS({ maxAliasCount: 100 }) ?? {})
  const parsed = SchematicFile.safeParse(value)
  if (parsed.success) return ok(withoutAbsent(parsed.data))
  const [issue] = parsed.error.issues
  const where = issue?.path.join('.') ?? ''
  return fail(
    EXIT.usage,
    `${name} is no schematic: ${where === '' ? '' : `${where}: `}${printable(issue?.message ?? '')}`,
  )
}

/** A key without a value is a key that is not there. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === null ? [] : [[key, withoutNull(member)]])),
  )
}

/** Optional members that are undefined do not exist, in the types as in the values. */
const withoutAbsent = (value: z.infer<typeof SchematicFile>): Schematic =>
  JSON.parse(JSON.stringify(value)) as Schematic
