import { ADMIN_GROUP } from '#core/talos/cluster-access.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import { sayProblem } from '#core/model/problem.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import type { Enrolment } from '../identity/enrolment.ts'
import type { Journal } from '../journal/journal.ts'
import { KUBERNETES_PORT } from '../observe/node-eye.ts'
import type { LinkState } from '../session/stay-connected.ts'
import { kubeconfigYaml, mintKubernetesClient, mintTalosClient, talosconfigYaml } from '../vault/mint.ts'
import type { Vault } from '../vault/vault.ts'
import { AGENT_VERSION } from '../version.ts'

/**
 * What a person on the agent's own machine may ask for. It works without the cloud, and behind it stands whoever has
 * the journal: the running service, or the command itself while no service runs.
 */
export interface Desk {
  status(): DeskStatus
  /** A client certificate for one hour, as the file its tool reads; journalled before it is handed out. */
  issue(what: CredentialKind, clusterName: string): Promise<Result<Secret<string>, string>>
  /** Lets another agent open the bundles; how many those are. */
  admit(fingerprint: string): Promise<Result<number, string>>
}

export type CredentialKind = 'kubeconfig' | 'talosconfig'
export const CREDENTIAL_KINDS = ['kubeconfig', 'talosconfig'] as const

export interface DeskStatus {
  readonly agentVersion: string
  readonly agentId: string
  readonly siteName: string
  readonly relayOrigin: string
  readonly fingerprint: string
  readonly incarnation: number
  readonly lastEpoch: number
  readonly link: LinkState | { readonly link: 'not-running' }
  /** Why Proxmox cannot be used, when it cannot. */
  readonly proxmoxTrouble?: string | undefined
  readonly operations: readonly {
    readonly operationId: string
    readonly kind: string
    readonly state: 'running' | 'unconfirmed'
    readonly step?: string | undefined
  }[]
  readonly clusters: readonly {
    readonly name: string
    readonly vip: string
    readonly machineCount: number
    readonly machines: readonly { readonly machineId: string; readonly name: string; readonly vmid: number }[]
  }[]
}

export interface DeskDeps {
  readonly journal: Journal
  readonly vault: Vault
  readonly enrolment: Enrolment
  readonly fingerprint: string
  readonly lanProxy: URL | undefined
  readonly now: () => number
  readonly link: () => DeskStatus['link']
  readonly proxmoxTrouble: () => string | undefined
  readonly admit: Desk['admit']
}

const TTL_MS = 60 * 60_000
const USER = 'lanline'
export function createDesk(deps: DeskDeps): Desk {
  const { journal, vault, enrolment } = deps

  async function issueFor(what: CredentialKind, watch: WatchPut): Promise<Result<Secret<string>, string>> {
    const { clusterUid, clusterName, secretsVersion, machines } = watch
    const bundle = await vault.bundle(clusterUid, secretsVersion)
    if (!bundle.ok) return err(`the secrets of "${clusterName}" are not here: ${sayProblem(bundle.error)}`)
    const now = deps.now()
    const secrets = bundle.value.reveal()
    const subject = what === 'kubeconfig' ? `${USER} in ${ADMIN_GROUP}` : 'os:admin'
    journal.issued.record(what, clusterUid, subject, now + TTL_MS)
    if (what === 'talosconfig') {
      const identity = await mintTalosClient(secrets, ['os:admin'], TTL_MS, now)
      const endpoints = machines.filter(({ role }) => role === 'controlplane').map(({ address }) => address)
      return ok(talosconfigYaml({ clusterName, endpoints, nodes: machines.map(({ address }) => address), identity }))
    }
    const identity = await mintKubernetesClient(secrets, { user: USER, groups: [ADMIN_GROUP] }, TTL_MS, now)
    const server = `https://${watch.vip}:${KUBERNETES_PORT}`
    return ok(kubeconfigYaml({ clusterName, server, user: USER, identity, proxyUrl: deps.lanProxy?.href }))
  }

  return {
    admit: deps.admit,
    async issue(what, clusterName) {
      const watches = journal.watches.all()
      const watch = watches.find((known) => known.clusterName === clusterName)
      if (watch && watch.secretsVersion > 0) return issueFor(what, watch)
      if (watch) return err(`"${clusterName}" has no secrets yet; it is still being created`)
      const names = watches.map((known) => known.clusterName).join(', ')
      return err(`this agent knows no cluster "${clusterName}"${names ? `; it knows ${names}` : ''}`)
    },
    status: () => ({
      agentVersion: AGENT_VERSION,
      agentId: enrolment.agentId,
      siteName: enrolment.siteName,
      relayOrigin: enrolment.relayOrigin,
      fingerprint: deps.fingerprint,
      incarnation: journal.incarnation,
      lastEpoch: journal.lastEpoch(),
      link: deps.link(),
      proxmoxTrouble: deps.proxmoxTrouble(),
      operations: journal.operations.unacknowledged().map(({ operationId, kind, result, step }) => ({
        operationId,
        kind,
        state: result ? 'unconfirmed' : 'running',
        step,
      })),
      clusters: journal.watches.all().map(({ clusterName, vip, machines }) => ({
        name: clusterName,
        vip,
        machineCount: machines.length,
        machines: machines.map(({ machineId, name, vmid }) => ({ machineId, name, vmid })),
      })),
    }),
  }
}
