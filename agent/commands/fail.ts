/** What cannot work is said in one line on stderr; the exit code tells scripts. */
export function fail(text: string, exitCode = 1): never {
  console.error(`lanline-agent: ${text}`)
  process.exit(exitCode)
}

/** What a file or directory that cannot be used says to a person; undefined for every other fault. */
export function sayFileFault(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('path' in thrown)) return undefined
  const advice = FILE_ADVICE[String(thrown.code)]
  return advice && `${String(thrown.path)} cannot be used: ${advice}`
}

const FILE_ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; run this as the user of the service, like: sudo -u lanline-agent lanline-agent …',
  EPERM: 'permission denied; run this as the user of the service, like: sudo -u lanline-agent lanline-agent …',
  EROFS: 'the file system is read-only; name another place with --state-dir',
  ENOSPC: 'the disk is full; make room',
  ENOTDIR: 'a part of the path is a file; name another place with --state-dir',
}
