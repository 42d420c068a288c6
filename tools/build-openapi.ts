import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { openApiPage, type OpenApi } from './openapi-page.ts'

/**
 * Builds workers/api/assets/openapi.json and workers/api/assets/docs/index.html from the routes. With `--check` nothing is
 * written, and the exit code says whether the committed files are up to date.
 */
const root = resolve(import.meta.dirname, '..')
const assets = `${root}/workers/api/assets`

// A computed path, because the Worker is typed for another runtime than the tools are.
const worker: { openApiDocument(): OpenApi } = await import(`${root}/workers/api/openapi.ts`)
const document = worker.openApiDocument()
const files: Readonly<Record<string, string>> = {
  [`${assets}/openapi.json`]: `${JSON.stringify(document, null, 2)}\n`,
  [`${assets}/docs/index.html`]: openApiPage(document),
}

const check = process.argv.includes('--check')
for (const [path, text] of Object.entries(files)) {
  if (!check) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    continue
  }
  const current = await readFile(path, 'utf8').catch(() => '')
  if (current === text) continue
  console.error(`${path} is stale; run: npm run generate:openapi`)
  process.exitCode = 1
}
