import { readFile, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseDocument, isMap, isSeq, Document } from 'yaml'
import { err, ok, type Result } from '#core/base/result.ts'
import { KUBE_PORT, KUBE_SERVER_NAME, kubeHost } from '../tunnel/proxy-names.ts'
import { writePrivate } from '../tunnel/tunnel-record.ts'

/**
 * A context in somebody's kubeconfig, merged in as `kubectl config` would: other entries, their order and comments stay.
 * It holds no secret: the certificate is asked for when it is needed.
 */
export interface KubeContext {
  readonly cluster: string
  readonly port: number
  /** PEM of the cluster's authority. */
  readonly ca: string
  readonly command: readonly [string, ...string[]]
  readonly env: readonly { readonly name: string; readonly value: string }[]
}

export const contextName = (cluster: string): string => `lanline-${cluster}`

/** The first of KUBECONFIG, as kubectl writes it; else ~/.kube/config. */
export const kubeconfigPath = (env: Readonly<Record<string, string | undefined>>): string =>
  (env['KUBECONFIG'] ?? '').split(':').find((path) => path !== '') ?? join(env['HOME'] ?? homedir(), '.kube', 'config')

export function contextEntries({ cluster, port, ca, command, env }: KubeContext) {
  const name = contextName(cluster)
  const [program, ...args] = command
  return {
    clusters: {
      name,
      cluster: {
        server: `https://${kubeHost(cluster)}:${KUBE_PORT}`,
        'certificate-authority-data': Buffer.from(ca).toString('base64'),
        'tls-server-name': KUBE_SERVER_NAME,
        'proxy-url': `http://127.0.0.1:${port}`,
      },
    },
    users: {
      name,
      user: {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: program,
          args,
          ...(env.length > 0 ? { env } : {}),
          interactiveMode: 'Never',
          provideClusterInfo: false,
        },
      },
    },
    contexts: { name, context: { cluster: name, user: name } },
  }
}

/** The text of a kubeconfig with the context in it. The error is a sentence for the person. */
export function mergedKubeconfig(text: string | undefined, context: KubeContext): Result<string, string> {
  const document =
    text === undefined || text.trim() === '' ? new Document({ apiVersion: 'v1', kind: 'Config' }) : parseDocument(text)
  if (document.errors.length > 0 || !isMap(document.contents)) return err('it is no kubeconfig that can be read')
  for (const [list, entry] of Object.entries(contextEntries(context))) {
    const entries = document.get(list)
    if (!isSeq(entries)) {
      document.set(list, document.createNode([entry]))
      continue
    }
    const index = entries.items.findIndex((item) => isMap(item) && item.get('name') === entry.name)
    if (index >= 0) entries.set(index, document.createNode(entry))
    else entries.add(document.createNode(entry))
  }
  document.set('current-context', contextName(context.cluster))
  return ok(document.toString({ lineWidth: 0 }))
}

/** Merges the context into the file, which is replaced as a whole; a link stays a link. */
export async function mergeKubeconfig(path: string, context: KubeContext): Promise<Result<undefined, string>> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  const merged = mergedKubeconfig(text, context)
  if (!merged.ok) return err(`${path} was not changed: ${merged.error}`)
  await writePrivate(await realpath(path).catch(() => path), merged.value)
  return ok(undefined)
}
