/**
 * One line per thing that is billed, so that demo, benches and the README can add up what an hour or a cluster costs.
 * Rows count storage rows written by an object, alarms that were set included.
 */
export type Counted = 'request' | 'object-request' | 'alarm' | 'message-in' | 'rows'

export function counted(what: Counted, where: string, n = 1): void {
  if (n === 0) return
  // oxlint-disable-next-line no-console -- a Worker's log is its console; this is the one line usage is counted by
  console.log(JSON.stringify({ event: 'usage.counted', what, where, n }))
}
