import type { Finding, Level } from './finding.ts'

/** Findings as lines of text: level, what was looked at, what was found; what to type against it below. */
const LABELS: Readonly<Record<Level, string>> = { ok: 'ok', warning: 'warning', problem: 'PROBLEM' }
/** ANSI: green, yellow, red. */
const COLOURS: Readonly<Record<Level, number>> = { ok: 32, warning: 33, problem: 31 }
const LABEL_CHARS = 9
/** Longer subjects push their text to the right instead of widening every line. */
const MAX_ABOUT_CHARS = 36

export function sayFindings(findings: readonly Finding[], colour: boolean): string {
  const aboutChars = Math.min(MAX_ABOUT_CHARS, Math.max(0, ...findings.map(({ about }) => about.length))) + 2
  const paint = (level: Level, text: string): string => (colour ? `\u001b[${COLOURS[level]}m${text}\u001b[0m` : text)
  const lines = findings.flatMap(({ level, about, text, fix }) => [
    `${paint(level, LABELS[level].padEnd(LABEL_CHARS))}${about.padEnd(aboutChars)}${about.length >= aboutChars ? '  ' : ''}${text}`,
    ...(fix === undefined ? [] : fix.split('\n').map((line) => `${' '.repeat(LABEL_CHARS)}  → ${line}`)),
  ])
  return [...lines, '', sayCounts(findings)].join('\n')
}

export function sayCounts(findings: readonly Finding[]): string {
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length
  const [problems, warnings] = [count('problem'), count('warning')]
  return `${sayCount(problems, 'problem')}, ${sayCount(warnings, 'warning')}, ${count('ok')} ok`
}

const sayCount = (count: number, noun: string): string =>
  `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`
