import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { ensureRecoveryKey } from '#cli/recovery/identity.ts'
import { ensureOwnerKey, ownerKeyPath } from '#cli/recovery/owner-key.ts'
import { startControlPlane, type ControlPlane } from '#lab/control-plane/start.ts'
import { kubeconfigOf } from '#tools/stage/agent.ts'
import { stageApi } from '#tools/stage/api.ts'
import { joinSite, type Site } from '#tools/stage/stage.ts'
import { homelab } from '#tools/stage/story.ts'
import { endTunnels, furnishPerson, type Person } from './person.ts'

/**
 * Everything the demo needs, in one folder of the machine's temporary files: brought up in the order in which a person
 * would do it, and taken down without a trace.
 */
export interface Theatre {
  readonly dir: string
  readonly plane: ControlPlane
  readonly site: Site
  /** For `LANLINE_CONFIG`: where the API is and its token, readable by this user only. */
  readonly contextFile: string
  readonly recoveryFile: string
  /** What another terminal sets to be this demo's person, whose own files are left alone. */
  readonly person: Person
  /** Writes a kubeconfig from the agent and returns its path. */
  kubeconfig(cluster: string): Promise<string>
}

/** The agent looks around within seconds; a machine under load gets a minute. */
const SEEN_LIMIT_MS = 60_000

/** The curtain comes down by `close`, whatever has been put up by then. */
export async function openTheatre(
  rate: number,
  tell: (what: string, detail: string) => void,
  signal: AbortSignal,
): Promise<{ readonly theatre: Promise<Theatre>; close(): Promise<void> }> {
  const dir = mkdtempSync(`${tmpdir()}/lanline-demo-`)
  const closers: (() => Promise<void>)[] = [() => Promise.resolve(rmSync(dir, { recursive: true, force: true }))]
  const theatre = raise(dir, rate, tell, signal, closers)
  // Whoever only closes must not be hit by a failure that it does not wait for.
  theatre.catch(() => undefined)
  return Promise.resolve({
    theatre,
    async close() {
      await theatre.catch(() => undefined)
      for (const close of closers.toReversed()) await close()
    },
  })
}

async function raise(
  dir: string,
  rate: number,
  tell: (what: string, detail: string) => void,
  signal: AbortSignal,
  closers: (() => Promise<void>)[],
): Promise<Theatre> {
  const plane = await startControlPlane({ dir: `${dir}/control-plane` })
  closers.push(() => plane.stop())
  tell('control plane', `${plane.url}  both Workers, their objects and D1, in a local workerd`)
  signal.throwIfAborted()
  const person = furnishPerson(dir, { url: plane.url, token: plane.adminToken })
  closers.push(() => endTunnels(person))

  const key = await ensureRecoveryKey(`${dir}/recovery.txt`, Date.now())
  if (!key.ok) throw new Error(key.error)
  tell('recovery key', `${key.value.path}  in life: keep it in a safe, it opens every secret of your clusters`)
  const owner = await ensureOwnerKey(ownerKeyPath(person.dataFolder, person.context))
  if (!owner.ok) throw new Error(owner.error)
  tell('owner key', `${owner.value.path}  the agent believes what it signs: kubectl and talosctl from anywhere`)

  const api = stageApi(plane.url, plane.adminToken)
  const { site: document } = homelab()
  const made = await api.send('PUT', `/v1/sites/${document.metadata.name}`, document, { 'if-none-match': '*' })
  if (made.status !== 201) throw new Error(`the Site was refused: ${JSON.stringify(made.body)}`)
  signal.throwIfAborted()
  const site = await joinSite(plane, {
    name: document.metadata.name,
    dir: `${dir}/agent`,
    rate,
    recoveryIdentity: identityIn(key.value.path),
    ownerKey: owner.value.publicKey,
  })
  closers.push(() => site.close())
  tell('lab', `${site.lab.hypervisor.node}  a Proxmox host in software, its LAN behind ${site.lab.socksUrl}`)
  await untilSeen(site, signal)
  tell('agent', `enrolled for site ${document.metadata.name}, connected, has looked around`)
  return {
    dir,
    plane,
    site,
    contextFile: person.environment.LANLINE_CONFIG,
    person,
    recoveryFile: key.value.path,
    async kubeconfig(cluster) {
      const path = `${dir}/kubeconfig`
      writeFileSync(path, await kubeconfigOf(site.home, cluster), { mode: 0o600 })
      return path
    },
  }
}

const identityIn = (path: string): string =>
  readFileSync(path, 'utf8')
    .split('\n')
    .find((line) => line.startsWith('AGE-SECRET-KEY-')) ?? ''

async function untilSeen(site: Site, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + SEEN_LIMIT_MS
  while (Date.now() < deadline) {
    signal.throwIfAborted()
    const { hosts } = await site.api.get<{ hosts: readonly unknown[] }>(`/v1/sites/${site.name}/capacity`)
    if (hosts.length > 0) return
    await wait(100)
  }
  throw new Error(
    `the agent did not report its site within ${SEEN_LIMIT_MS / 1000} s:\n${site.agent().lines.join('\n')}`,
  )
}
