import type { KubeObject } from '../objects.ts'
import { timestamp } from '../objects.ts'
import { PodFiles } from './pod-files.ts'

/** What happens inside the pods of a cluster: their files, and what they print. One per cluster, as etcd's content is. */
export class LivePods {
  readonly #files = new Map<string, PodFiles>()

  filesOf(pod: KubeObject): PodFiles {
    const known = this.#files.get(pod.metadata.uid)
    if (known) return known
    const files = new PodFiles(pod.metadata.name)
    this.#files.set(pod.metadata.uid, files)
    return files
  }

  /** What a pod has printed since it started: a line when it came up, and one more each ten seconds. */
  printedBy(pod: KubeObject, now: number): readonly string[] {
    const born = Date.parse(pod.metadata.creationTimestamp)
    const ticks = Math.min(MAX_LINES, Math.max(0, Math.floor((now - born) / TICK_MS)))
    return [
      `${timestamp(born)} ${pod.metadata.name} started`,
      ...Array.from({ length: ticks }, (_, index) => `${timestamp(born + (index + 1) * TICK_MS)} tick ${index + 1}`),
    ]
  }
}

const TICK_MS = 10_000
const MAX_LINES = 10_000
