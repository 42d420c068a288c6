import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'

/**
 * What `lanline login` keeps of one deployment: the person's identity token, the refresh token behind it, and the API
 * session it was exchanged for. One file for each context, 0600, replaced as a whole.
 */
export const LoginFile = z.object({
  /** The API it was made for; a login is never used for another one. */
  url: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  idToken: z.string(),
  /** Epoch ms, like all times here. */
  idTokenExpiresAt: z.number(),
  refreshToken: z.string().optional(),
  session: z.object({ token: z.string(), expiresAt: z.number() }).optional(),
})
export type LoginFile = z.infer<typeof LoginFile>

/** Any bit for group or others. */
const OTHERS_MAY = 0o077

export const loginPath = (folder: string, name: string): string => join(folder, `login-${name}.json`)

/** undefined when nobody is logged in. A file that others can read, or that cannot be understood, is a failure. */
export async function readLogin(path: string): Promise<Result<LoginFile | undefined, Failure>> {
  let text: string
  try {
    const { mode } = await stat(path)
    if (process.platform !== 'win32' && (mode & OTHERS_MAY) !== 0)
      return fail(
        EXIT.login,
        `${path} holds tokens and can be read by others.`,
        'Run lanline logout and lanline login.',
      )
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ok(undefined)
    return fail(EXIT.login, `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  const parsed = LoginFile.safeParse(parseJson(text))
  if (parsed.success) return ok(parsed.data)
  return fail(EXIT.login, `${path} is not a login of this version.`, 'Run lanline login.')
}

/** In one step, so that a reader sees the old login or the new one, and never with wider rights. */
export async function writeLogin(path: string, login: LoginFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  await rename(draft, path)
}

/** True when there was one. */
export async function removeLogin(path: string): Promise<boolean> {
  try {
    await rm(path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
