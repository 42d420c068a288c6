/** A rule of the real world that somebody broke in the lab. Tests read them; a good run has none. */
export interface Violation {
  readonly code:
    | 'duplicate-address'
    | 'duplicate-mac'
    | 'duplicate-uuid'
    | 'config-for-another-machine'
    | 'second-bootstrap'
    | 'removal-against-quorum'
  readonly subject: string
  readonly detail: string
  /** Real epoch milliseconds. */
  readonly at: number
}

/** More than this many say nothing new. */
const MAX_VIOLATIONS = 1_000

export class Violations {
  readonly #all: Violation[] = []
  record(code: Violation['code'], subject: string, detail: string, at: number): void {
    if (this.#all.length < MAX_VIOLATIONS) this.#all.push({ code, subject, detail, at })
  }
  all(): readonly Violation[] {
    return this.#all
  }
}
