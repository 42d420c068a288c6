import { isRecord, textOf } from './shape.ts'

/** Reads a decoded document by dotted path and gathers faults, each with the path of its field. Shapes were checked before. */
export class Reader {
  readonly faults: string[] = []
  readonly #root: Record<string, unknown>
  constructor(root: Record<string, unknown>) {
    this.#root = root
  }
  fault(path: string, what: string): void {
    this.faults.push(`${path}: ${what}`)
  }
  #at(path: string): unknown {
    let value: unknown = this.#root
    for (const key of path.split('.')) value = isRecord(value) ? value[key] : undefined
    return value ?? undefined
  }
  /** Whether the field says anything: an empty map says nothing. */
  has(path: string): boolean {
    const value = this.#at(path)
    return isRecord(value) ? Object.keys(value).length > 0 : value !== undefined && value !== ''
  }
  text(path: string): string {
    return textOf(this.#at(path))
  }
  texts(path: string): readonly string[] {
    const value = this.#at(path)
    return Array.isArray(value) ? value.map(String) : []
  }
  record(path: string): Readonly<Record<string, unknown>> {
    const value = this.#at(path)
    return isRecord(value) ? value : {}
  }
  records(path: string): readonly Record<string, unknown>[] {
    const value = this.#at(path)
    return Array.isArray(value) ? value.filter(isRecord) : []
  }
  strings(path: string): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.entries(this.record(path)).map(([key, value]) => [key, textOf(value)]))
  }
  flag(path: string, fallback: boolean): boolean {
    const value = this.#at(path)
    return typeof value === 'boolean' ? value : fallback
  }
  integer(path: string, fallback: number): number {
    const value = this.#at(path)
    return typeof value === 'number' ? value : fallback
  }
  choice<T extends string>(path: string, of: readonly T[], fallback: T): T {
    const value = this.text(path)
    return of.find((one) => one === value) ?? fallback
  }
  /** Go's durations, as far as configurations use them: `24h`, `8760h0m0s`. */
  durationMs(path: string, fallback: number): number {
    const value = this.text(path)
    if (value === '') return fallback
    const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(value)
    if (!match) {
      this.fault(path, `"${value}" is not a duration`)
      return fallback
    }
    const [hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000
  }
}
