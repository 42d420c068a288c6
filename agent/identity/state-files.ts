import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Small files of the state directory, readable by this user only. A write is all or nothing: the new content is on the
 * disk under another name before it takes the place of the old one.
 */
export function writePrivateFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const waiting = `${path}.new`
  const file = openSync(waiting, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  replaceWith(path, waiting)
}

/** A file takes the place of another one, in one step that is on the disk when this returns. */
export function replaceWith(path: string, by: string): void {
  renameSync(by, path)
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

export const findPrivateFile = (stateDir: string, name: string): string | undefined => {
  const path = join(stateDir, name)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
