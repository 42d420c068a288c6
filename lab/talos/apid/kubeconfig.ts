import { gzipSync } from 'node:zlib'
import { Code, ConnectError } from '@connectrpc/connect'
import { stringify } from 'yaml'
import { tarHeader } from '../files/tar.ts'
import type { TalosNode } from '../node.ts'
import { issueLeaf } from '../pki.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/**
 * The administrator's kubeconfig as Talos sends it: a gzipped tar with one file, not terminated. There is neither
 * padding after the file nor an end mark, so only a tolerant reader gets through.
 */
export async function kubeconfigArchive(node: TalosNode): Promise<Uint8Array> {
  const { config } = node
  if (!config?.controlPlane) throw new ConnectError('no Kubernetes authority on this node', Code.FailedPrecondition)
  const leaf = await issueLeaf(config.controlPlane.kubernetesCa, {
    commonName: 'admin',
    organizations: ['system:masters'],
    usage: 'client',
    keyType: 'ecdsa',
    lifetimeMs: config.controlPlane.adminCertLifetimeMs,
    at: node.world.time.now(),
  })
  const user = `admin@${config.clusterName}`
  const content = Buffer.from(
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: config.clusterName,
          cluster: { server: config.endpoint.url, 'certificate-authority-data': base64(config.kubernetesCa.certPem) },
        },
      ],
      users: [
        {
          name: user,
          user: { 'client-certificate-data': base64(leaf.certPem), 'client-key-data': base64(leaf.keyPem) },
        },
      ],
      contexts: [{ name: user, context: { cluster: config.clusterName, namespace: 'default', user } }],
      'current-context': user,
    }),
  )
  return gzipSync(Buffer.concat([tarHeader('kubeconfig', content.length), content]))
}
