import { Document, isMap, parseDocument } from 'yaml'
import { err, ok, type Result } from '#core/base/result.ts'
import type { CredentialAnswer } from '#core/lane/access.ts'

/** A context in somebody's talosconfig. Endpoints are the true addresses: talosctl compares them with the certificates. */
export interface TalosContext {
  readonly cluster: string
  readonly port: number
  readonly machines: CredentialAnswer['machines']
  /** PEM, all three. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

export function mergedTalosconfig(text: string | undefined, context: TalosContext): Result<string, string> {
  const document = text === undefined || text.trim() === '' ? new Document({}) : parseDocument(text)
  if (document.errors.length > 0 || !isMap(document.contents)) return err('it is no talosconfig that can be read')
  const { cluster, machines, port } = context
  if (!isMap(document.get('contexts'))) document.set('contexts', document.createNode({}))
  document.setIn(
    ['contexts', cluster],
    document.createNode({
      endpoints: machines.filter(({ role }) => role === 'controlplane').map(({ address }) => address),
      nodes: machines.map(({ address }) => address),
      // Read by talosctl from 1.14 on; older ones take HTTPS_PROXY and ignore it.
      'proxy-url': `http://127.0.0.1:${port}`,
      ca: base64(context.ca),
      crt: base64(context.certificate),
      key: base64(context.key),
    }),
  )
  document.set('context', cluster)
  return ok(document.toString({ lineWidth: 0 }))
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
