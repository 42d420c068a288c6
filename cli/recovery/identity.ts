import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { err, ok, type Result } from '#core/base/result.ts'

/**
 * The owner's recovery identity: it opens every secrets bundle of the sites it was given to. It is made on the person's
 * own machine, stays there, and only its public half is ever shown.
 */
export interface RecoveryKey {
  readonly path: string
  /** `age1…` */
  readonly recipient: string
  readonly made: boolean
}

export const recoveryPath = (folder: string, name: string): string => join(folder, `recovery-${name}.txt`)

/** Reads the identity, or makes it: file mode 0600, folder 0700. An existing file is never changed. */
export async function ensureRecoveryKey(path: string, nowMs: number): Promise<Result<RecoveryKey, string>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  try {
    // Exclusive: of two runs at once, one makes the key and the other reads it.
    const file = await open(path, 'wx', 0o600)
    try {
      // The form of age-keygen, so that `age -d -i FILE` takes it.
      await file.writeFile(`# created: ${new Date(nowMs).toISOString()}\n# public key: ${recipient}\n${identity}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    return ok({ path, recipient, made: true })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    return readRecoveryKey(path)
  }
}

async function readRecoveryKey(path: string): Promise<Result<RecoveryKey, string>> {
  if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0)
    return err(`${path} can be read by others. If nobody else had it, run: chmod 600 ${path}`)
  const identity = (await readFile(path, 'utf8')).split('\n').find((line) => line.startsWith('AGE-SECRET-KEY-1'))
  if (identity === undefined) return err(`${path} holds no age identity.`)
  try {
    return ok({ path, recipient: await identityToRecipient(identity.trim()), made: false })
  } catch {
    return err(`${path} holds an age identity that cannot be read.`)
  }
}
