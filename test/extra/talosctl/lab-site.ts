import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { startSocksServer } from '#lab/lan/socks-server.ts'
import { issueLeaf } from '#lab/talos/pki.ts'
import { base64, machineConfig, newBundle } from '#test/lab/talos/support/bundle.ts'
import { inMaintenance } from '#test/lab/talos/support/cluster.ts'
import { aGuestWith, newSite, type Site } from '#test/lab/talos/support/site.ts'

/** Four lab nodes in maintenance mode behind the lab's door, and the real talosctl to go through it. */
export interface TalosctlSite {
  readonly site: Site
  readonly dir: string
  /** The file with the configuration of a node, by its number; 4 is the worker. */
  config(number: number): string
  /** Runs talosctl for a node of this number with an administrator's certificate, unless another role is named. */
  ask(node: number | string, ...rest: readonly string[]): Promise<Said>
  /** As `ask`, for a command that never ends: what it said until it was stopped. */
  hear(ms: number, node: number, ...rest: readonly string[]): Promise<string>
  askAs(role: string, node: number | string, ...rest: readonly string[]): Promise<Said>
  close(): Promise<void>
}

export interface Said {
  readonly code: number
  readonly out: string
}

export const NUMBERS = [1, 2, 3, 4] as const
export const addressOf = (number: number): string => `192.168.1.${50 + number}`
const VIP = '192.168.1.50'
/** Slow enough that talosctl, which looks once a second, sees what happens. */
const RATE = 20
/** Longer than any command here takes; it only ends a hang. */
const COMMAND_MS = 90_000
const HOUR_MS = 3_600_000

export async function startTalosctlSite(binary: string, talosVersion: string): Promise<TalosctlSite> {
  const site = newSite(RATE)
  const socks = await startSocksServer(site.lan, RATE)
  const dir = mkdtempSync(join(tmpdir(), 'lanline-talosctl-'))
  const bundle = await newBundle()
  const config = (number: number) => join(dir, `node-${number}.yaml`)
  for (const number of NUMBERS) {
    const worker = number === 4
    const guest = aGuestWith(number, talosVersion, worker ? { name: 'worker-1' } : {})
    site.guests.powerOn(guest)
    const wish = { hostname: guest.name, address: guest.address, mac: guest.mac, vip: VIP }
    writeFileSync(config(number), machineConfig(bundle, { ...wish, type: worker ? 'worker' : 'controlplane' }))
    await inMaintenance(site, guest)
  }

  const talosconfig = async (role: string): Promise<string> => {
    const leaf = await issueLeaf(bundle.os, {
      organizations: [role],
      usage: 'client',
      keyType: 'ed25519',
      lifetimeMs: HOUR_MS,
      at: Date.now(),
    })
    const key = leaf.keyPem.replaceAll('PRIVATE KEY', 'ED25519 PRIVATE KEY')
    const context = {
      endpoints: [addressOf(1)],
      ca: base64(bundle.os.certPem),
      crt: base64(leaf.certPem),
      key: base64(key),
    }
    const file = join(dir, `talosconfig-${role.replaceAll(':', '-')}`)
    writeFileSync(file, stringify({ context: 'home', contexts: { home: context } }))
    return file
  }
  const askFor = async (ms: number, role: string, node: number | string, rest: readonly string[]) => {
    const target = typeof node === 'number' ? addressOf(node) : node
    const env = { ...process.env, HTTPS_PROXY: socks.url, TALOSCONFIG: await talosconfig(role) }
    return run(binary, ['-n', target, ...rest], env, ms)
  }
  return {
    site,
    dir,
    config,
    askAs: (role, node, ...rest) => askFor(COMMAND_MS, role, node, rest),
    ask: (node, ...rest) => askFor(COMMAND_MS, 'os:admin', node, rest),
    hear: async (ms, node, ...rest) => (await askFor(ms, 'os:admin', node, rest)).out,
    async close() {
      await socks.close()
      await site.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function run(binary: string, args: readonly string[], env: NodeJS.ProcessEnv, ms: number): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    const hear = (chunk: Buffer) => {
      out += chunk.toString('utf8')
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    const timer = setTimeout(() => child.kill('SIGKILL'), ms)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? -1, out })
    })
  })
}
