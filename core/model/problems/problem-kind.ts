export type RetryClass = 'never' | 'later' | 'look-again'

/** What everybody is told about a code. One without status, retry class and advice does not compile. */
export interface ProblemKind {
  readonly status: number
  readonly retry: RetryClass
  /** What happened, in one sentence of its own layer. */
  readonly title: string
  /** What to do next. */
  readonly advice: string
}
