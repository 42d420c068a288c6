import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { err, ok, type Result } from '#core/base/result.ts'

/** One file of a folder. */
export interface TextFile {
  readonly name: string
  readonly text: string
}

/** For the owner only: a configuration holds the keys of its cluster. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

/**
 * Writes all files into a folder or none of them: each is complete under another name before the first gets its own. What
 * is left when it fails is what was there before. Returns the paths; the error is a sentence about the folder.
 */
export async function writeTogether(
  folder: string,
  files: readonly TextFile[],
): Promise<Result<readonly string[], string>> {
  const mark = `.${randomUUID()}.part`
  const paths = files.map(({ name }) => join(folder, name))
  let created: string | undefined
  try {
    created = await makeFolder(folder)
    for (const [index, { text }] of files.entries()) {
      const part = await open(`${paths[index]}${mark}`, 'wx', FILE_MODE)
      try {
        await part.writeFile(text)
        await part.sync()
      } finally {
        await part.close()
      }
    }
    for (const path of paths) if (await isFolder(path)) throw new Error(`${path} is a folder`)
    for (const path of paths) await rename(`${path}${mark}`, path)
    return ok(paths)
  } catch (error) {
    for (const path of paths) await rm(`${path}${mark}`, { force: true }).catch(() => undefined)
    if (created !== undefined) await rm(created, { recursive: true, force: true }).catch(() => undefined)
    return err(`${folder} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/**
 * Makes a folder and those above it that are missing; returns the topmost one made. Not `recursive` of mkdir, which tries for
 * ever where a folder that is there takes no other, as /proc does not.
 */
async function makeFolder(folder: string): Promise<string | undefined> {
  const above = dirname(folder)
  const made = (await isThere(above)) ? undefined : await makeFolder(above)
  try {
    await mkdir(folder, { mode: FOLDER_MODE })
    return made ?? folder
  } catch (error) {
    if (await isFolder(folder)) return made
    if (made !== undefined) await rm(made, { recursive: true, force: true })
    throw error
  }
}

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false
