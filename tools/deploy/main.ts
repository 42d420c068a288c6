import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { deploy } from './steps.ts'

/**
 * `npm run deploy`: brings the control plane to a Cloudflare account. wrangler must be logged in (`npx wrangler login`,
 * or CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID).
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const CONFIGS = ['wrangler.toml', 'workers/agent-relay/wrangler.toml']

if (process.argv.includes('--help')) {
  console.log('npm run deploy: deploys relay, migrations and API to the Cloudflare account wrangler is logged in to.')
  console.log('It may be repeated at any time; `npm run check:bundles` builds both Workers without deploying them.')
  process.exit(0)
}

const deployed = await deploy({
  wrangler: { run: runWrangler },
  async writeDatabaseId(id) {
    for (const config of CONFIGS) {
      const before = await readFile(`${root}${config}`, 'utf8')
      const after = before.replace(/^database_id = ".*"$/m, `database_id = "${id}"`)
      if (after !== before) await writeFile(`${root}${config}`, after)
    }
  },
  newAdminToken: () => `lanadmin_${randomBytes(32).toString('base64url')}`,
  say: (line) => console.error(line),
})

console.log(`API   ${deployed.apiUrl}`)
console.log(`Relay ${deployed.relayUrl}`)
if (deployed.adminToken) console.log(`Bootstrap token, shown only now: ${deployed.adminToken}`)
console.log('Next:')
console.log(
  `  export LANLINE_URL=${deployed.apiUrl} LANLINE_TOKEN=${deployed.adminToken ? deployed.adminToken : '<a token>'}`,
)
if (deployed.adminToken)
  console.log(
    '  npm run -s lanline -- login --bootstrap        # or --service-account NAME; ends the token. Optional: docs/access.md',
  )
console.log('  npm run -s lanline -- apply -f examples/homelab.yaml')

async function runWrangler(args: readonly string[], stdin?: string): Promise<string> {
  const child = spawn(process.execPath, [`${root}node_modules/wrangler/bin/wrangler.js`, ...args], {
    cwd: root,
    env: { ...process.env, WRANGLER_HIDE_BANNER: 'true', WRANGLER_SEND_METRICS: 'false' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stdin.end(stdin ?? '')
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`wrangler ${args.join(' ')} failed:\n${output}`)
  return output
}
