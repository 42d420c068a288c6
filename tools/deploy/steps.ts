/** What a deploy asks of wrangler; injected, so that the order of steps is tested without an account. */
export interface Wrangler {
  /** Runs wrangler and returns its standard output; throws with its output when it fails. */
  run(args: readonly string[], stdin?: string): Promise<string>
}

export interface DeployWorld {
  readonly wrangler: Wrangler
  /** Writes the id of the database into both configurations; does nothing when it is there already. */
  writeDatabaseId(id: string): Promise<void>
  newAdminToken(): string
  say(line: string): void
}

export interface Deployed {
  readonly apiUrl: string
  readonly relayUrl: string
  /** Only when this deploy made it; it cannot be read again later. */
  readonly adminToken: string | undefined
}

const RELAY = 'workers/agent-relay/wrangler.toml'
const API = 'wrangler.toml'
const DATABASE = 'lanline'

/**
 * Relay, migrations, API, secret: in an order in which each step finds what it needs, on the first deploy and on every
 * later one. Repeating it is safe: what exists is left as it is.
 */
export async function deploy({ wrangler, writeDatabaseId, newAdminToken, say }: DeployWorld): Promise<Deployed> {
  say('Database …')
  await writeDatabaseId(await ensureDatabase(wrangler))
  say('Relay Worker and its objects …')
  const relayUrl = urlIn(await wrangler.run(['deploy', '-c', RELAY]))
  say('Migrations …')
  await wrangler.run(['d1', 'migrations', 'apply', DATABASE, '--remote', '-c', API])
  say('API Worker …')
  const apiUrl = urlIn(await wrangler.run(['deploy', '-c', API, '--var', `RELAY_URL:${relayUrl}`]))
  say('Bootstrap token …')
  const secrets = JSON.parse(await wrangler.run(['secret', 'list', '-c', API, '--format', 'json'])) as {
    name: string
  }[]
  if (secrets.some((secret) => secret.name === 'ADMIN_TOKEN')) return { apiUrl, relayUrl, adminToken: undefined }
  const adminToken = newAdminToken()
  await wrangler.run(['secret', 'put', 'ADMIN_TOKEN', '-c', API], adminToken)
  return { apiUrl, relayUrl, adminToken }
}

async function ensureDatabase(wrangler: Wrangler): Promise<string> {
  const find = async (): Promise<string | undefined> => {
    const databases = JSON.parse(await wrangler.run(['d1', 'list', '--json'])) as { uuid: string; name: string }[]
    return databases.find((database) => database.name === DATABASE)?.uuid
  }
  const existing = await find()
  if (existing) return existing
  await wrangler.run(['d1', 'create', DATABASE])
  const created = await find()
  if (!created) throw new Error(`The database "${DATABASE}" was created but is not listed; run the deploy again.`)
  return created
}

/** Wrangler prints the address of a deployed Worker on a line of its own. */
function urlIn(output: string): string {
  const url = /https:\/\/[^\s]+/.exec(output)?.[0]
  if (!url) throw new Error(`The Worker was deployed, but wrangler printed no address:\n${output}`)
  return url.replace(/\/$/, '')
}
