/** What cannot work is said in one line on stderr; the exit code tells scripts. */
export function fail(text: string, exitCode = 1): never {
  console.error(`lanline-agent: ${text}`)
  process.exit(exitCode)
}
