import { stringify } from 'yaml'
import { Secret } from '#core/base/secret.ts'
import { toBase64 } from '#core/talos/base64.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import type { ClientIdentity } from './client-identity.ts'
import { issueClient, pemOf } from './pki.ts'

/**
 * Client certificates made from a cluster's own authorities, and the files in which people use them. There is no
 * revocation list on either side: the lifetime is the only limit, so keep it short.
 */

/** Source: Talos roles; facts talos.md §4.2. */
export type TalosRole = 'os:admin' | 'os:operator' | 'os:reader' | 'os:etcd:backup'

/** A client of the Talos API with these roles. */
export async function mintTalosClient(
  bundle: SecretsBundle,
  roles: readonly TalosRole[],
  ttlMs: number,
  nowMs: number,
): Promise<ClientIdentity> {
  const { key, ...issued } = await issueClient({
    authority: bundle.certs.os,
    kind: 'ed25519',
    subject: [{ O: [...roles].sort() }],
    ttlMs,
    nowMs,
  })
  return { ...issued, ca: pemOf(bundle.certs.os.crt), key: new Secret(key) }
}

/** A client of the Kubernetes API with this name and these groups. */
export async function mintKubernetesClient(
  bundle: SecretsBundle,
  { user, groups }: { readonly user: string; readonly groups: readonly string[] },
  ttlMs: number,
  nowMs: number,
): Promise<ClientIdentity> {
  const { key, ...issued } = await issueClient({
    authority: bundle.certs.k8s,
    kind: 'ec',
    subject: [...(groups.length > 0 ? [{ O: [...groups].sort() }] : []), { CN: [user] }],
    ttlMs,
    nowMs,
  })
  return { ...issued, ca: pemOf(bundle.certs.k8s.crt), key: new Secret(key) }
}

/** A kubeconfig for kubectl; `server` as in `https://192.168.1.50:6443`, `proxyUrl` as in `socks5://127.0.0.1:1080`. */
export function kubeconfigYaml({
  clusterName,
  server,
  user,
  identity,
  proxyUrl,
}: {
  readonly clusterName: string
  readonly server: string
  readonly user: string
  readonly identity: ClientIdentity
  readonly proxyUrl?: string | undefined
}): Secret<string> {
  const context = `${user}@${clusterName}`
  return new Secret(
    stringify(
      {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          {
            name: clusterName,
            cluster: { server, 'certificate-authority-data': base64Text(identity.ca), 'proxy-url': proxyUrl },
          },
        ],
        users: [
          {
            name: context,
            user: {
              'client-certificate-data': base64Text(identity.cert),
              'client-key-data': base64Text(identity.key.reveal()),
            },
          },
        ],
        contexts: [{ name: context, context: { cluster: clusterName, namespace: 'default', user: context } }],
        'current-context': context,
      },
      { indent: 4, lineWidth: 0 },
    ),
  )
}

/** A talosconfig for talosctl. Endpoints are node addresses; never the VIP, which needs a working etcd. */
export function talosconfigYaml({
  clusterName,
  endpoints,
  nodes,
  identity,
}: {
  readonly clusterName: string
  readonly endpoints: readonly string[]
  readonly nodes?: readonly string[] | undefined
  readonly identity: ClientIdentity
}): Secret<string> {
  const context = {
    endpoints,
    nodes,
    ca: base64Text(identity.ca),
    crt: base64Text(identity.cert),
    key: base64Text(identity.key.reveal()),
  }
  return new Secret(
    stringify({ context: clusterName, contexts: { [clusterName]: context } }, { indent: 4, lineWidth: 0 }),
  )
}

const base64Text = (text: string): string => toBase64(Buffer.from(text, 'utf8'))
