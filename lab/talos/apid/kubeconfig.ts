import { gzipSync } from 'node:zlib'
import { Code, ConnectError } from '@connectrpc/connect'
import { stringify } from 'yaml'
import type { TalosNode } from '../node.ts'
import { issueLeaf } from '../pki.ts'

const TAR_BLOCK = 512
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

function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(TAR_BLOCK)
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o600, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(size, 12), 124)
  header.write(octal(0, 12), 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\u000000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}
