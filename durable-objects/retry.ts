/** First pause after a failed run of an alarm. */
export const RETRY_MS = 5_000
/** A part that is down for long is looked at every five minutes: soon enough for people, cheap enough for days. */
export const MAX_RETRY_MS = 5 * 60_000

/** How long to wait after `failures` runs failed in a row. */
export const retryDelayMs = (failures: number): number => Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(failures, 10))
