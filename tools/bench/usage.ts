/** What is billed, as `usage.counted` counts it; rows of D1 as D1 reports them. */
export interface Usage {
  readonly requests: number
  readonly objectRequests: number
  readonly alarms: number
  readonly messages: number
  /** Of the objects, their alarms included. */
  readonly rows: number
  readonly d1Rows: number
}

export const toUsage = (counts: Readonly<Record<string, number>>, d1Rows: number): Usage => ({
  requests: counts['request'] ?? 0,
  objectRequests: counts['object-request'] ?? 0,
  alarms: counts['alarm'] ?? 0,
  messages: counts['message-in'] ?? 0,
  rows: counts['rows'] ?? 0,
  d1Rows,
})
