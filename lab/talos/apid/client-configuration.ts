import { durationMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError } from '@connectrpc/connect'
import { stringify } from 'yaml'
import type { TalosNode } from '../node.ts'
import { issueLeaf } from '../pki.ts'
import type { GenerateClientConfigurationRequest } from '../proto/machine_pb.js'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A client certificate for some roles, signed with the cluster's own authority, and the talosconfig around it. */
export async function clientConfiguration(node: TalosNode, request: GenerateClientConfigurationRequest) {
  const { config } = node
  const lifetimeMs = request.crtTtl ? durationMs(request.crtTtl) : 0
  if (lifetimeMs <= 0) throw new ConnectError('crt_ttl should be positive', Code.InvalidArgument)
  if (!config?.controlPlane)
    throw new ConnectError(
      'client configuration (talosconfig) can only be generated on control plane nodes',
      Code.FailedPrecondition,
    )
  const { osCa } = config.controlPlane
  const leaf = await issueLeaf(osCa, {
    organizations: [...request.roles].sort(),
    usage: 'client',
    keyType: 'ed25519',
    lifetimeMs,
    at: node.world.time.now(),
  })
  // Talos reads and writes this label for its Ed25519 keys.
  const key = leaf.keyPem.replaceAll('PRIVATE KEY', 'ED25519 PRIVATE KEY')
  const context = {
    endpoints: [node.address],
    ca: base64(osCa.certPem),
    crt: base64(leaf.certPem),
    key: base64(key),
  }
  const talosconfig = stringify({ context: config.clusterName, contexts: { [config.clusterName]: context } })
  const bytes = (text: string) => Buffer.from(text)
  return {
    messages: [{ ca: bytes(osCa.certPem), crt: bytes(leaf.certPem), key: bytes(key), talosconfig: bytes(talosconfig) }],
  }
}
