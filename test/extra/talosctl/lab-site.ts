import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { startSocksServer } from '#lab/lan/socks-server.ts'
import { issueLeaf, type LeafRequest } from '#lab/talos/pki.ts'
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
  /** As `ask`, for a command that never ends. */
  follow(node: number, ...rest: readonly string[]): Promise<Followed>
  askAs(who: Who, node: number | string, ...rest: readonly string[]): Promise<Said>
  close(): Promise<void>
}

/** The role of the certificate to go with, or what else is to be unlike an administrator's good one. */
export type Who = string | (Partial<LeafRequest> & { readonly foreign?: boolean })

/** A command that is still talking. */
export interface Followed {
  /** Resolves when all it said so far matches; rejects when it ends, or is given up, before that. */
  says(pattern: RegExp): Promise<void>
  stop(): Promise<void>
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
  const stranger = await newBundle()
  const config = (number: number) => join(dir, `node-${number}.yaml`)
  for (const number of NUMBERS) {
    const worker = number === 4
    const guest = aGuestWith(number, talosVersion, worker ? { name: 'worker-1' } : {})
    site.guests.powerOn(guest)
    const wish = { hostname: guest.name, address: guest.address, mac: guest.mac, vip: VIP }
    writeFileSync(config(number), machineConfig(bundle, { ...wish, type: worker ? 'worker' : 'controlplane' }))
    await inMaintenance(site, guest)
  }

  let written = 0
  const talosconfig = async (who: Who): Promise<string> => {
    const { foreign = false, ...wish } = typeof who === 'string' ? { organizations: [who] } : who
    const leaf = await issueLeaf(foreign ? stranger.os : bundle.os, {
      organizations: ['os:admin'],
      usage: 'client',
      keyType: 'ed25519',
      lifetimeMs: HOUR_MS,
      at: Date.now(),
      ...wish,
    })
    const key = leaf.keyPem.replaceAll('PRIVATE KEY', 'ED25519 PRIVATE KEY')
    const context = {
      endpoints: [addressOf(1)],
      ca: base64(bundle.os.certPem),
      crt: base64(leaf.certPem),
      key: base64(key),
    }
    written += 1
    const file = join(dir, `talosconfig-${written}`)
    writeFileSync(file, stringify({ context: 'home', contexts: { home: context } }))
    return file
  }
  const start = async (who: Who, node: number | string, rest: readonly string[]): Promise<Running> => {
    const target = typeof node === 'number' ? addressOf(node) : node
    const env = { ...process.env, HTTPS_PROXY: socks.url, TALOSCONFIG: await talosconfig(who) }
    return run(binary, ['-n', target, ...rest], env)
  }
  const askAs = async (who: Who, node: number | string, ...rest: readonly string[]): Promise<Said> =>
    (await start(who, node, rest)).ended
  return {
    site,
    dir,
    config,
    askAs,
    ask: (node, ...rest) => askAs('os:admin', node, ...rest),
    follow: (node, ...rest) => start('os:admin', node, rest),
    async close() {
      await socks.close()
      await site.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

interface Running extends Followed {
  readonly ended: Promise<Said>
}

function run(binary: string, args: readonly string[], env: NodeJS.ProcessEnv): Running {
  const child = spawn(binary, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const listeners = new Set<() => void>()
  let out = ''
  let over = false
  const tell = () => {
    for (const listener of listeners) listener()
  }
  const hear = (chunk: Buffer) => {
    out += chunk.toString('utf8')
    tell()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS)
  const ended = new Promise<Said>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      over = true
      resolve({ code: code ?? -1, out })
      tell()
    })
  })
  return {
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const matched = pattern.test(out)
          if (!matched && !over) return
          listeners.delete(look)
          if (matched) resolve()
          else reject(new Error(`${args.join(' ')} ended without ${String(pattern)}:\n${out}`))
        }
        listeners.add(look)
        look()
      }),
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
