import { spawnSync } from 'node:child_process'
import { webcrypto } from 'node:crypto'
import { createSecretsBundle } from '#agent/vault/create-bundle.ts'
import { createAuthority, createServiceAccountKey } from '#agent/vault/pki.ts'
import { TALOS_CONTRACTS, type TalosContract } from '#core/talos/contracts/contract-for.ts'
import { checkedMachineConfig } from '#core/talos/checked-config.ts'
import type { MachineConfigInput } from '#core/talos/machine-config-input.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'

/**
 * How fast secrets and machine configurations are made here: `node tools/bench-talos.ts`. The RSA key is apart, because
 * its time is chance.
 */
const MACHINES = 1_000
const AUTHORITIES = 20
const RSA_KEYS = 5
const PATCH_CHECKS = 9

const random = (count: number) => webcrypto.getRandomValues(new Uint8Array(count))

function inputFor(contract: TalosContract, index: number, bundle: SecretsBundle): MachineConfigInput {
  const address = `10.0.${index >> 8}.${index & 255}`
  return {
    contract,
    bundle,
    cluster: {
      name: 'bench',
      endpoint: 'https://10.0.255.1:6443',
      kubernetesVersion: 'v1.34.2',
      schedulableControlPlanes: false,
      nodeNetworkCidr: '10.0.0.0/16',
      vip: '10.0.255.1',
    },
    machine: {
      role: index % 10 === 0 ? 'controlplane' : 'worker',
      hostname: `bench-${index}`,
      nics: [
        {
          mac: `bc:24:11:00:${hex(index >> 8)}:${hex(index & 255)}`,
          addresses: [`${address}/16`],
          gateway: '10.0.0.1',
        },
      ],
      nameservers: ['10.0.0.1'],
      certSANs: [],
    },
  }
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

function timeOf(work: (index: number) => void): number {
  const begin = performance.now()
  for (let index = 0; index < MACHINES; index++) work(index)
  return (performance.now() - begin) / 1000
}

async function meanMsOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  for (let index = 0; index < count; index++) await work()
  return (performance.now() - begin) / count
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const bundle = await createSecretsBundle({ random, nowMs: Date.now() })
const authorityMs = await meanMsOf(AUTHORITIES, () =>
  Promise.all([
    createAuthority('ec', 'etcd', Date.now()),
    createAuthority('ec', 'kubernetes', Date.now()),
    createAuthority('ec', undefined, Date.now()),
    createAuthority('ed25519', 'talos', Date.now()),
  ]),
)
say(`secrets bundle: ${authorityMs.toFixed(1)} ms for its four authorities`)
say(`                ${(await meanMsOf(RSA_KEYS, createServiceAccountKey)).toFixed(0)} ms for the RSA-4096 key`)

for (const contract of TALOS_CONTRACTS) {
  const rendered = timeOf((index) => renderMachineConfig(inputFor(contract, index, bundle)))
  const checked = timeOf((index) => checkedMachineConfig(inputFor(contract, index, bundle), contract))
  const perSecond = (seconds: number) => Math.round(MACHINES / seconds).toLocaleString('en')
  say(
    `contract ${contract}: ${MACHINES} machines rendered in ${rendered.toFixed(2)} s, ${perSecond(rendered)} per second; ` +
      `with all checks ${perSecond(checked)} per second`,
  )
}

// Each in a process of its own: a Worker, too, begins cold, and may take 10 ms.
const runs = Array.from({ length: PATCH_CHECKS }, () => {
  const script = new URL('bench-patch-check.ts', import.meta.url).pathname
  return spawnSync(process.execPath, [script], { encoding: 'utf8' }).stdout.trim().split(' ').map(Number)
})
const times = runs.map(([, ms = Number.NaN]) => ms).toSorted((a, b) => a - b)
say(
  `patch check: 32 patches of ${Math.round((runs[0]?.[0] ?? 0) / 1024)} KiB, cold: ${times[PATCH_CHECKS >> 1]} ms of CPU ` +
    `(${times[0]} to ${times.at(-1)} in ${PATCH_CHECKS} runs)`,
)
