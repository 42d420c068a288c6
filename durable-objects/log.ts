/** One line per finished unit of work or failure. Facts are plain data and never hold a secret. */
type Facts = Readonly<Record<string, string | number | boolean | undefined>>

export function logWarning(event: string, facts: Facts): void {
  // oxlint-disable-next-line no-console -- a Worker's log is its console
  console.warn(JSON.stringify({ level: 'warn', event, ...facts }))
}

export function logError(event: string, facts: Facts, error: unknown): void {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  // oxlint-disable-next-line no-console -- a Worker's log is its console
  console.error(JSON.stringify({ level: 'error', event, ...facts, error: text }))
}
