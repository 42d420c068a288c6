/** What a person must see: a fault of ours, with the request it happened in. Never a body, never a header. */
export function logFault(
  facts: { readonly requestId: string; readonly method: string; readonly path: string },
  fault: unknown,
) {
  const text = fault instanceof Error ? `${fault.name}: ${fault.message}\n${fault.stack ?? ''}` : String(fault)
  // oxlint-disable-next-line no-console -- a Worker's log is its console
  console.error(JSON.stringify({ level: 'error', event: 'request.failed', ...facts, error: text }))
}

/** One line for a finished piece of work. Counts and names; never a body, never a header. */
export function logDone(event: string, facts: Readonly<Record<string, number | string>>): void {
  // oxlint-disable-next-line no-console -- a Worker's log is its console
  console.log(JSON.stringify({ level: 'info', event, ...facts }))
}
