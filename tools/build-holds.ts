import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { HOLD_KINDS } from '#core/model/hold.ts'

/** The table of holds in docs/running.md, made from core/model/hold.ts: `node tools/build-holds.ts` after a change there. */
const HEAD = '| Hold | What it says | What ends it |\n|---|---|---|\n'

/** The page with its table as the code has it now. */
export function withHolds(page: string): string {
  const rows = Object.entries(HOLD_KINDS).map(([code, { says, unblock }]) => `| \`${code}\` | ${says} | ${unblock} |\n`)
  const start = page.indexOf(HEAD)
  if (start < 0) throw new Error('docs/running.md has no table of holds')
  const end = page.indexOf('\n\n', start)
  return page.slice(0, start) + HEAD + rows.join('') + page.slice(end + 1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL('../docs/running.md', import.meta.url))
  writeFileSync(path, withHolds(readFileSync(path, 'utf8')))
}
