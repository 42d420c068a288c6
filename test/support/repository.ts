import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The project's own files, for tests that hold documents and code together. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export const readText = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8')

/** TypeScript files below the folders, as paths from the root. */
export const sourcesIn = (...folders: readonly string[]): readonly string[] =>
  folders.flatMap((folder) =>
    readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  )

/** The cells of every row of the Markdown tables in a text; header rows are rows too. */
export const tableRows = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|') && !line.startsWith('|-'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

/** The part of a document below a heading, up to the next heading of the same or a higher level. */
export function sectionOf(text: string, heading: string): string {
  // What stands in a fence is code, whatever it begins with.
  const plain = text.replace(/^```[\s\S]*?^```$/gm, '')
  const sections = plain.split(/^(?=#+ )/m)
  const start = sections.findIndex((section) => section.split('\n')[0]?.replace(/^#+ /, '') === heading)
  const level = (section: string | undefined): number => /^#+/.exec(section ?? '')?.[0].length ?? 0
  if (start < 0) throw new Error(`there is no heading "${heading}"`)
  const end = sections.findIndex((section, at) => at > start && level(section) <= level(sections[start]))
  return sections
    .slice(start, end < 0 ? undefined : end)
    .join('')
    .replace(/^.*\n/, '')
}
