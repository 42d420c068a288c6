import type { ServerResponse } from 'node:http'
import type { KubeObject } from '../objects.ts'
import type { LivePods } from './pods.ts'

/** `kubectl logs`: what a pod has printed, and with `follow` what it prints from then on. */
const FOLLOW_MS = 250
/** A reader that is this far behind waits; the pod prints on without it. */
const MAX_QUEUED_BYTES = 256 * 1024

export function serveLog(
  pods: LivePods,
  pod: KubeObject,
  query: URLSearchParams,
  response: ServerResponse,
  now: () => number,
): void {
  const tail = query.get('tailLines')
  const lines = pods.printedBy(pod, now())
  const shown = tail === null ? lines : lines.slice(Math.max(0, lines.length - Number(tail)))
  response.writeHead(200, { 'content-type': 'text/plain' })
  response.write(shown.map((line) => `${line}\n`).join(''))
  if (query.get('follow') !== 'true') return void response.end()
  let printed = 0
  const timer = setInterval(() => {
    if (response.writableLength < MAX_QUEUED_BYTES)
      response.write(`${new Date(now()).toISOString()} follows ${++printed}\n`)
  }, FOLLOW_MS)
  response.once('close', () => clearInterval(timer))
}
