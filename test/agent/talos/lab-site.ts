import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { aGuest, newSite, until, type Site } from '#test/lab/talos/support/site.ts'
import { createClock } from '#agent/clock.ts'
import { createDialer, type Dialer } from '#agent/dialer.ts'
import { talosNode } from '#agent/talos/grpc-node.ts'
import type { TalosNode } from '#agent/talos/node.ts'
import { lookForRestart, type Restart } from '#agent/talos/restart.ts'
import type { ClientIdentity } from '#agent/vault/client-identity.ts'
import { mintTalosClient } from '#agent/vault/mint.ts'
import type { Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { sayProblem, type Problem } from '#core/model/problem.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { startSocksServer } from '#lab/lan/socks-server.ts'

/** A cluster of lab machines, configured and bootstrapped by our own client over the lab's LAN, as the agent goes. */
export interface LabSite {
  readonly site: Site
  readonly dialer: Dialer
  readonly bundle: SecretsBundle
  readonly credentials: ClientIdentity
  readonly guests: readonly ReturnType<typeof aGuest>[]
  readonly nodes: readonly TalosNode[]
  close(): Promise<void>
}

export interface Born {
  readonly size: number
  /** As in `v1.13.9`. */
  readonly talos: string
  readonly contract: TalosContract
  /** As in `v1.36.3`; one that the Talos takes. */
  readonly kubernetes: string
}

const RATE = 500
const HOUR_MS = 3_600_000
/** What a machine does in a few minutes takes it this long at the lab's rate, on a machine that does other things too. */
export const PATIENCE_MS = 30_000

export const must = <T>(result: Result<T, Problem>): T => {
  if (!result.ok) throw new Error(sayProblem(result.error))
  return result.value
}

/** Asks until it is so; whatever is still in the way is in the error. A refused configuration stays refused. */
export async function eventually<T>(ask: () => Promise<Result<T, Problem>>, what: string): Promise<T> {
  let last = 'nothing was asked'
  const answer = () =>
    ask().then((result) => {
      if (result.ok) return { value: result.value }
      last = sayProblem(result.error)
      if (result.error.code === 'config-refused') throw new Error(last)
      return undefined
    })
  const found = await until(answer, what, PATIENCE_MS).catch((cause: unknown) => {
    throw new Error(`${what}: ${last}`, { cause })
  })
  return found.value
}

export async function labSite({ size, talos, contract, kubernetes }: Born): Promise<LabSite> {
  const site = newSite(RATE)
  const socks = await startSocksServer(site.lan, RATE)
  const dialer = createDialer(new URL(socks.url))
  const bundle = await aBundle()
  const credentials = await mintTalosClient(bundle, ['os:admin'], HOUR_MS, Date.now())
  const clock = createClock(RATE)
  const guests = Array.from({ length: size }, (_, index) => {
    const disk = { id: `disk-${index}`, sizeGiB: 32, image: { talosVersion: talos, schematicId: '3'.repeat(64) } }
    return aGuest(index + 1, { disk })
  })
  const nodes = guests.map(({ address }) => talosNode({ dialer, address, credentials, clock }))

  for (const guest of guests) site.guests.powerOn(guest)
  for (const { address, uuid, mac, name } of guests) {
    const config = renderMachineConfig({
      ...aConfigInput(bundle, {
        cluster: { schedulableControlPlanes: true, kubernetesVersion: kubernetes },
        machine: { hostname: name, nics: [{ mac, addresses: [`${address}/24`], gateway: '192.168.1.1' }] },
      }),
      contract,
    })
    await eventually(async () => {
      const maintenance = talosNode({ dialer, address, credentials: 'maintenance', uuid })
      const applied = await maintenance.applyConfiguration(new Secret(config), 'auto')
      maintenance.close()
      return applied
    }, `${name} takes its configuration`)
  }
  await eventually(() => nodes[0]!.bootstrap(), 'bootstrap')
  for (const node of nodes) await memberOf(node, size)
  return {
    site,
    dialer,
    bundle,
    credentials,
    guests,
    nodes,
    async close() {
      for (const node of nodes) node.close()
      await socks.close()
      await site.close()
    },
  }
}

/** Until the node sees that many voters in etcd. */
export const memberOf = (node: TalosNode, size: number): Promise<unknown> =>
  until(
    async () => {
      const members = await node.etcdMembers()
      return members.ok && members.value.filter((member) => !member.learner).length === size
    },
    `${size} voters seen by ${node.address}`,
    PATIENCE_MS,
  )

/** Until the node runs another boot, ready; it may be away too shortly to be seen so. */
export const restarted = (node: TalosNode, bootIdBefore: string): Promise<Restart & { readonly is: 'done' }> =>
  until(
    async () => {
      const seen = must(await lookForRestart(node, bootIdBefore))
      return seen.is === 'done' && seen
    },
    `${node.address} runs another boot`,
    PATIENCE_MS,
  )
