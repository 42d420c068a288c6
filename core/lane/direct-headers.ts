import type { HeaderPairs } from './direct.ts'

/**
 * What passes between a person's tool and a Kubernetes API in direct access. Lists of what may pass, because a list of what
 * may not is never complete: who somebody is, is said by the agent alone.
 */
const TO_CLUSTER: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'content-length',
  'user-agent',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'kubectl-command',
  'kubectl-session',
  'sec-websocket-protocol',
  'x-stream-protocol-version',
  'traceparent',
])
const FROM_CLUSTER: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'etag',
  'last-modified',
  'warning',
  'audit-id',
  'retry-after',
  'location',
  'sec-websocket-protocol',
  'x-stream-protocol-version',
  'x-kubernetes-pf-flowschema-uid',
  'x-kubernetes-pf-prioritylevel-uid',
])

export const toCluster = (headers: HeaderPairs): HeaderPairs =>
  headers.filter(([name]) => TO_CLUSTER.has(name.toLowerCase()))
export const fromCluster = (headers: HeaderPairs): HeaderPairs =>
  headers.filter(([name]) => FROM_CLUSTER.has(name.toLowerCase()))

/** Whether a request asks to be somebody else; direct access refuses that, and a tunnel takes it. */
export const asksToImpersonate = (headers: HeaderPairs): boolean =>
  headers.some(([name]) => name.toLowerCase().startsWith('impersonate-'))

/** Running commands inside pods, whatever the method: below Kubernetes 1.35 a right to read would be enough for a GET. */
export const isIntoPods = (path: string): boolean => /\/pods\/[^/]+\/(exec|attach|portforward)(\?|$)/.test(path)

/** A `Status`, the one form in which clients of Kubernetes understand a refusal. */
export const kubeStatus = (code: number, reason: string, message: string) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  code,
})
