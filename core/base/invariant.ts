/** Throws when something that cannot be wrong is wrong: a bug here, never a condition of the world. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`)
}

/** The default arm of an exhaustive switch: a new variant does not compile until it is handled. */
export function assertNever(value: never): never {
  throw new Error(`invariant broken: unexpected variant ${JSON.stringify(value)}`)
}
