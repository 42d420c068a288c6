import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { mintKubernetesClient, mintTalosClient } from '#agent/vault/mint.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { formatSecretsBundle } from '#core/talos/secrets-bundle.ts'

/** The program beside this file, built beforehand with Go: `go build -o /tmp/talos-machinery .` */
const PROGRAM = process.env['LANLINE_TALOS_MACHINERY'] ?? ''
const HOUR_MS = 3_600_000

test('Talos’s own library takes our secrets, our certificates and our configurations', async () => {
  const bundle = await aBundle()
  const talos = await mintTalosClient(bundle, ['os:admin'], HOUR_MS, Date.now())
  const kubernetes = await mintKubernetesClient(bundle, { user: 'ana', groups: ['g'] }, HOUR_MS, Date.now())
  const timeServers = ['time.cloudflare.com']
  const files = {
    'secrets.yaml': formatSecretsBundle(bundle),
    'talos.crt': talos.cert,
    'kubernetes.crt': kubernetes.cert,
    'controlplane.yaml': renderMachineConfig(aConfigInput(bundle)),
    'schedulable.yaml': renderMachineConfig(aConfigInput(bundle, { cluster: { schedulableControlPlanes: true } })),
    'worker.yaml': renderMachineConfig(aConfigInput(bundle, { machine: { role: 'worker', timeServers } })),
  }
  const folder = await mkdtemp(join(tmpdir(), 'lanline-machinery-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
    const { stdout } = await promisify(execFile)(PROGRAM, [folder])
    const verdicts = stdout.trim().split('\n')
    const expected = Object.keys(files).map((file) => JSON.stringify({ file, warnings: [] }))
    expect(new Set(verdicts)).toEqual(new Set(expected))
  } finally {
    await rm(folder, { recursive: true })
  }
})
