import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { credentialFor } from '../access/credential-for.ts'
import type { Failure } from '../failure.ts'
import type { Run } from '../session.ts'

/**
 * `lanline credential kubernetes CLUSTER`: what kubectl runs before it dials. It answers with a certificate, and sees to it
 * that the tunnel is there.
 */
export function registerCredential(program: Command, run: Run): void {
  program
    .command('credential')
    .description('what kubectl asks for; people use lanline kubeconfig')
    .command('kubernetes')
    .argument('<cluster>')
    .action((cluster: string) =>
      run(async ({ io, connect }): Promise<Result<void, Failure>> => {
        const api = await connect()
        if (!api.ok) return api
        const credential = await credentialFor(api.value.connection, io, cluster)
        if (!credential.ok) return credential
        const { certificate, key, expiresAt } = credential.value
        io.out(
          JSON.stringify({
            apiVersion: 'client.authentication.k8s.io/v1',
            kind: 'ExecCredential',
            status: {
              expirationTimestamp: new Date(expiresAt).toISOString(),
              clientCertificateData: certificate,
              clientKeyData: key,
            },
          }),
        )
        return ok(undefined)
      }),
    )
}
