import { expect, test } from 'vitest'
import { deploy } from '../../tools/deploy/steps.ts'

/** An account that answers as wrangler prints it, and remembers what it was asked. */
function anAccount(existing: { database: boolean; token: boolean }) {
  const calls: string[] = []
  let database = existing.database
  return {
    calls,
    written: [] as string[],
    world() {
      return {
        wrangler: {
          run: (args: readonly string[], stdin?: string): Promise<string> => {
            calls.push(args.join(' ') + (stdin ? ' <token>' : ''))
            if (args[1] === 'list' && args[0] === 'd1')
              return Promise.resolve(JSON.stringify(database ? [{ uuid: 'db-1', name: 'lanline' }] : []))
            if (args[1] === 'create') database = true
            if (args[0] === 'secret' && args[1] === 'list')
              return Promise.resolve(JSON.stringify(existing.token ? [{ name: 'ADMIN_TOKEN' }] : []))
            if (args[0] === 'deploy')
              return Promise.resolve(
                `Uploaded\n  https://${args[2]!.includes('relay') ? 'relay' : 'api'}.example.workers.dev\n`,
              )
            return Promise.resolve('')
          },
        },
        writeDatabaseId: (id: string) => Promise.resolve(void this.written.push(id)),
        newAdminToken: () => 'lanadmin_new',
        say: () => undefined,
      }
    },
  }
}

test('the first deploy makes database and token, relay before API, and tells the API where the relay is', async () => {
  const account = anAccount({ database: false, token: false })
  expect(await deploy(account.world())).toEqual({
    apiUrl: 'https://api.example.workers.dev',
    relayUrl: 'https://relay.example.workers.dev',
    adminToken: 'lanadmin_new',
  })
  expect(account.written).toEqual(['db-1'])
  expect(account.calls).toEqual([
    'd1 list --json',
    'd1 create lanline',
    'd1 list --json',
    'deploy -c workers/agent-relay/wrangler.toml',
    'd1 migrations apply lanline --remote -c wrangler.toml',
    'deploy -c wrangler.toml --var RELAY_URL:https://relay.example.workers.dev',
    'secret list -c wrangler.toml --format json',
    'secret put ADMIN_TOKEN -c wrangler.toml <token>',
  ])
})

test('a later deploy leaves database and token as they are', async () => {
  const account = anAccount({ database: true, token: true })
  expect(await deploy(account.world())).toMatchObject({ adminToken: undefined })
  expect(account.calls.filter((call) => call.includes('create') || call.includes('put'))).toEqual([])
})
