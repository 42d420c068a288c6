import type { Result } from '#core/base/result.ts'
import { ok } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import type { NodeSeen } from '#core/model/seen.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import type { Dialer } from '../dialer.ts'
import { kubernetesClient, type KubernetesClient } from '../kubernetes/client.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import type { ReaderIdentities } from './reader-identities.ts'

/** Source: Kubernetes' own default; Talos serves the API server here and at the VIP. */
export const KUBERNETES_PORT = 6443

/** Looks at the nodes of one cluster as Kubernetes reports them, at the VIP. */
export interface NodeEye {
  look(watch: WatchPut, signal: AbortSignal): Promise<Result<readonly NodeSeen[], Problem>>
  close(): Promise<void>
}

export function createNodeEye(dialer: Dialer, identities: ReaderIdentities): NodeEye {
  let open:
    | { readonly client: KubernetesClient; readonly identity: ClientIdentity; readonly server: string }
    | undefined

  async function close(): Promise<void> {
    const closing = open
    open = undefined
    await closing?.client.close()
  }

  return {
    close,
    async look(watch, signal) {
      const minted = await identities.kubernetes(watch.clusterUid, watch.secretsVersion)
      if (!minted.ok) return minted
      const identity = minted.value
      const server = `https://${watch.vip}:${KUBERNETES_PORT}`
      if (open?.identity !== identity || open.server !== server) {
        await close()
        open = { client: kubernetesClient({ dialer, server, identity }), identity, server }
      }
      const nodes = await open.client.listNodes(signal)
      if (!nodes.ok) return nodes
      return ok(
        nodes.value.map((node) => ({
          clusterUid: watch.clusterUid,
          name: node.name,
          ready: node.ready,
          version: node.kubeletVersion,
          address: node.addresses[0] ?? '',
        })),
      )
    },
  }
}
