/** One line per request, so that demo, benches and the README can add up what an hour or a cluster costs. */
export function countRequest(route: string): void {
  // oxlint-disable-next-line no-console -- a Worker's log is its console; this is the one line usage is counted by
  console.log(JSON.stringify({ event: 'usage.counted', what: 'request', route }))
}
