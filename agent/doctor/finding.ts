/**
 * What the doctor says of one thing it looked at. A finding that is not `ok` says what is wrong in one sentence and what
 * to type against it; the commands run as root on a Proxmox host unless the text names another machine.
 */
export type Level = 'ok' | 'warning' | 'problem'

export interface Finding {
  /** Kebab-case condition; the same for every subject it is found on. */
  readonly code: string
  readonly level: Level
  /** What was looked at, as in `storage local on pve1`. */
  readonly about: string
  readonly text: string
  /** Exact commands or settings, one a line. */
  readonly fix?: string
}

export const fine = (code: string, about: string, text: string): Finding => ({ code, level: 'ok', about, text })

export const warning = (code: string, about: string, text: string, fix: string): Finding => ({
  code,
  level: 'warning',
  about,
  text,
  fix,
})

export const trouble = (code: string, about: string, text: string, fix: string): Finding => ({
  code,
  level: 'problem',
  about,
  text,
  fix,
})

/** 1 when something keeps the agent from its work; warnings alone are 0. */
export const exitCodeOf = (findings: readonly Finding[]): 0 | 1 =>
  findings.some((finding) => finding.level === 'problem') ? 1 : 0

/** `a, b and 3 more`: long lists say how long they are instead of filling the screen. */
export function shortList(names: readonly string[], max = 8): string {
  if (names.length <= max) return names.join(', ')
  return `${names.slice(0, max).join(', ')} and ${names.length - max} more`
}
