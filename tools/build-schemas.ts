import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { TalosPatch } from '#core/model/talos-patch.ts'
import { API_VERSION, DOCUMENT_SCHEMAS, KINDS, type Kind } from '#core/model/document.ts'

/**
 * Writes schemas/*.json, the JSON Schema of each kind for editors, and schemas/lanline.json for files with several.
 * `--check` writes nothing and fails when a file is not what it would write.
 */
const FOLDER = new URL('../schemas/', import.meta.url)

/** Draft 7 is what the YAML language servers of editors read best. Rules beyond JSON Schema stay with the CLI and the API. */
const schemaOf = (kind: Kind): Record<string, unknown> => {
  const { $schema: _, ...schema } = z.toJSONSchema(DOCUMENT_SCHEMAS[kind], {
    target: 'draft-7',
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      // People may also write a patch as YAML text, or name the file it is in; the CLI reads both.
      if (zodSchema === TalosPatch) Object.assign(jsonSchema, PATCH_IN_A_FILE)
    },
  })
  return schema
}

const PATCH_IN_A_FILE = {
  type: ['object', 'string'],
  description: 'a strategic merge patch: a mapping, YAML text, or file: PATH beside this file',
}

const HEAD = { $schema: 'http://json-schema.org/draft-07/schema#' }

const files = new Map<string, unknown>(
  KINDS.map((kind) => [
    `${kind.toLowerCase()}.json`,
    { ...HEAD, title: `${kind} (${API_VERSION})`, ...schemaOf(kind) },
  ]),
)
files.set('lanline.json', {
  ...HEAD,
  title: `Any document of ${API_VERSION}`,
  oneOf: KINDS.map((kind) => ({ $ref: `${kind.toLowerCase()}.json` })),
})

const check = process.argv.includes('--check')
const stale: string[] = []
await mkdir(FOLDER, { recursive: true })
for (const [name, schema] of files) {
  const file = new URL(name, FOLDER)
  const wanted = `${JSON.stringify(schema, null, 2)}\n`
  const found = await readFile(file, 'utf8').catch(() => undefined)
  if (found === wanted) continue
  stale.push(name)
  if (!check) await writeFile(file, wanted)
}
if (check && stale.length > 0) {
  console.error(`schemas are not up to date: ${stale.join(', ')}; run: node tools/build-schemas.ts`)
  process.exitCode = 1
} else
  console.log(
    stale.length > 0 ? `wrote ${stale.map((name) => `schemas/${name}`).join(', ')}` : 'schemas are up to date',
  )
