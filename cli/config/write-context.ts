import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseDocument } from 'yaml'

/**
 * Puts a context into the context file and makes it the current one when there is none. What else stands there, comments
 * included, stays. `token` undefined takes a token out: whoever logs in uses the context then.
 */
export async function writeContext(
  path: string,
  name: string,
  context: { readonly url: string; readonly token: string | undefined },
): Promise<void> {
  const document = parseDocument(await readFile(path, 'utf8').catch(() => ''))
  document.setIn(['contexts', name, 'url'], context.url)
  if (context.token === undefined) document.deleteIn(['contexts', name, 'token'])
  else document.setIn(['contexts', name, 'token'], context.token)
  if (!document.has('current')) document.set('current', name)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, document.toString(), { mode: 0o600, flag: 'wx' })
  await rename(draft, path)
}
