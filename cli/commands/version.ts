import type { Command } from 'commander'
import { z } from 'zod'
import { ok } from '#core/base/result.ts'
import type { Run } from '../session.ts'
import { VERSION } from '../version.ts'

const Health = z.object({ ok: z.literal(true), version: z.string() })

/** `lanline version`: this CLI, and the API when one is configured and answers. */
export function registerVersion(program: Command, run: Run): void {
  program
    .command('version')
    .description('print the version of this CLI and of the API')
    .option('--client', 'do not ask the API')
    .action((options: { client?: true }) =>
      run(async ({ io, connect }) => {
        io.out(`lanline ${VERSION}`)
        if (options.client) return ok(undefined)
        const api = await connect()
        if (!api.ok) return ok(undefined)
        const health = await api.value.call({ method: 'GET', path: '/healthz', answer: Health })
        if (health.ok) io.out(`api ${health.value.value.version} (${api.value.connection.url})`)
        else io.say(`${api.value.connection.url} did not say its version.`)
        return ok(undefined)
      }),
    )
}
