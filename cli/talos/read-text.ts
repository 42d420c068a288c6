import { readFile, stat } from 'node:fs/promises'
import { ok, type Result } from '#core/base/result.ts'
import { parseSecretsBundle, type SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { printable } from '../output/text.ts'

/** A configuration with the manifests of a CNI has some hundred KiB. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024

const STDIN = '-'

/** A file that a person named, or stdin. */
export async function readText(name: string): Promise<Result<string, Failure>> {
  if (name === STDIN) return readStdin()
  try {
    const { size } = await stat(name)
    if (size > MAX_TEXT_BYTES) return fail(EXIT.usage, `${name} has more than ${MAX_TEXT_BYTES / 1024 / 1024} MiB.`)
    return ok(await readFile(name, 'utf8'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code || 'it failed'
    return fail(EXIT.usage, `${name} cannot be read: ${reason}.`)
  }
}

/** The patch itself, or a file when it begins with `@`, as talosctl has it. */
export const readPatch = (given: string): Promise<Result<string, Failure>> =>
  given.startsWith('@') ? readText(given.slice(1)) : Promise.resolve(ok(given))

/** What is wrong when more than one name stands for stdin: it can be read only once. */
export const sayStdinTwice = (names: readonly string[]): string | undefined =>
  names.filter((name) => name === STDIN).length > 1 ? 'Only one of the files can be stdin.' : undefined

async function readStdin(): Promise<Result<string, Failure>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_TEXT_BYTES) return fail(EXIT.usage, `stdin has more than ${MAX_TEXT_BYTES / 1024 / 1024} MiB.`)
    chunks.push(bytes)
  }
  return ok(Buffer.concat(chunks).toString('utf8'))
}

/** A `secrets.yaml` of upstream or of this product. The failure names the fields at fault, never a value. */
export async function readSecrets(name: string): Promise<Result<SecretsBundle, Failure>> {
  const text = await readText(name)
  if (!text.ok) return text
  const bundle = parseSecretsBundle(text.value)
  if (bundle.ok) return bundle
  const { fields, reason } = bundle.error.facts
  const lines = Array.isArray(fields) ? fields.map(String) : [`it is ${String(reason).replaceAll('-', ' ')}`]
  return fail(EXIT.usage, `${name} is no secrets bundle: ${printable(lines.join('; '))}`)
}
