/** How a run ended, for scripts. The numbers are part of the interface: they never change their meaning. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  cancelled: 3,
  login: 4,
  conflict: 5,
  blocked: 6,
  timeout: 7,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'fine',
  1: 'it failed',
  2: 'bad usage, or a document that is not valid',
  3: 'cancelled by a person',
  4: 'no credential, or one that the API does not accept',
  5: 'conflict: the object changed meanwhile, or is in the wrong state',
  6: 'blocked: protected against deletion, still referenced, or a person has to act first',
  7: 'the time given with --timeout passed',
}

export const exitCodesText = (): string =>
  ['Exit codes:', ...Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code}  ${meaning}`)].join('\n')
