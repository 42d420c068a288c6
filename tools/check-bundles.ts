import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Builds both Workers as a deploy would and fails when one is over the budget. The free plan takes 3 MB compressed; both
 * stay under 3 MB altogether uncompressed, so that no later plan or limit change can surprise us.
 */
const MAX_KIB = 3 * 1024
const CONFIGS = ['wrangler.toml', 'workers/agent-relay/wrangler.toml']

const root = fileURLToPath(new URL('..', import.meta.url))
const environment = {
  ...process.env,
  CI: '1',
  NO_COLOR: '1',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
}

let failed = false
for (const config of CONFIGS) {
  const output = execFileSync(
    process.execPath,
    [`${root}node_modules/wrangler/bin/wrangler.js`, 'deploy', '--dry-run', '-c', config],
    {
      cwd: root,
      env: environment,
      encoding: 'utf8',
    },
  )
  const sizes = /Total Upload: ([\d.]+) KiB \/ gzip: ([\d.]+) KiB/.exec(output)
  const kib = Number(sizes?.[1] ?? Number.NaN)
  const fits = kib < MAX_KIB
  console.log(
    `${config}: ${sizes?.[0] ?? `size not found in:\n${output}`}${fits ? '' : ` — over the budget of ${MAX_KIB} KiB`}`,
  )
  failed ||= !fits
}
process.exit(failed ? 1 : 0)
