import { ok } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { OwnLook } from '../own-look.ts'
import type { FileFacts } from '../probe/own-files.ts'

/** Keys and journal belong to one user and are closed to all others; and the journal has room to grow. */
export const ownFileCheck: Check<OwnLook> = {
  name: 'own files',
  run: (look) =>
    Promise.resolve(ok([...judgeFiles(look.files, look.stateDir), ...judgeRoom(look.freeBytes, look.stateDir)])),
}

/** The journal of a busy year is a few MiB; under this SQLite may fail in the middle of an operation. */
const ROOM_BYTES = 100 * 1024 * 1024

export function judgeFiles(files: readonly FileFacts[], stateDir: string): readonly Finding[] {
  const [directory, ...inside] = files
  if (!directory || directory.path !== stateDir)
    return [
      trouble(
        'state-directory-missing',
        stateDir,
        'there is no state directory, or this user may not look at it',
        `install -d -m 700 -o lanline-agent -g lanline-agent ${stateDir}   # and run the doctor as its user: sudo -u lanline-agent lanline-agent doctor`,
      ),
    ]
  const open = files.filter(({ mode }) => (mode & 0o077) !== 0)
  const strange = inside.filter(({ uid }) => uid !== directory.uid)
  const findings = [
    ...open.map(({ path, kind, mode }) =>
      trouble(
        'file-open-to-others',
        path,
        `others than its owner may use it (mode ${mode.toString(8)})`,
        `chmod ${kind === 'directory' ? 700 : 600} ${path}`,
      ),
    ),
    ...strange.map(({ path, uid }) =>
      trouble(
        'file-of-another-user',
        path,
        `it belongs to uid ${uid}, its directory to uid ${directory.uid}: the service cannot use both`,
        `chown --reference=${stateDir} ${path}`,
      ),
    ),
  ]
  return findings.length > 0 ? findings : [fine('files-private', stateDir, 'keys and journal are private')]
}

export function judgeRoom(freeBytes: number | undefined, stateDir: string): readonly Finding[] {
  if (freeBytes === undefined || freeBytes >= ROOM_BYTES) return []
  return [
    warning(
      'state-directory-full',
      stateDir,
      `only ${Math.floor(freeBytes / 1024 / 1024)} MiB are free where the journal grows`,
      'journalctl --vacuum-size 100M; df -h',
    ),
  ]
}
