import type { Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'

/**
 * What a node says while it works. Each stream's last item may be a problem; the caller's abort ends it without one, and
 * so does its age, `limits.followMs`, because a silently dead node shows in no other way: follow again. The caller's
 * pace is the node's pace.
 */
export interface NodeStreams {
  /** Follow again with `afterId` and nothing is missed or told twice, as long as the node remembers. */
  events(asked: EventsAsked, signal: AbortSignal): AsyncIterable<Result<NodeEvent, Problem>>
  logs(asked: LogsAsked, signal: AbortSignal): AsyncIterable<Result<Uint8Array, Problem>>
  /** The kernel's messages, `tail` only those to come. A node that cannot read one says so as a problem. */
  dmesg(
    asked: { readonly follow: boolean; readonly tail: boolean },
    signal: AbortSignal,
  ): AsyncIterable<Result<Uint8Array, Problem>>
}

export interface EventsAsked {
  /** The past that is told first: nothing by default, else so many of the last ones, or those of a time, or those after one. */
  readonly past?: { readonly count: number } | { readonly seconds: number } | { readonly afterId: string } | undefined
  /** Only what a call like `reboot` set off, by the id it answered. */
  readonly actorId?: string | undefined
}

/** `id` says where to go on; `actorId` is that of the call that set it off. */
export type NodeEvent = { readonly id: string; readonly actorId: string } & EventBody

export type EventBody =
  | { readonly is: 'stage'; readonly stage: string; readonly ready: boolean; readonly unmet: readonly string[] }
  | { readonly is: 'sequence'; readonly sequence: string; readonly action: string; readonly error: string | undefined }
  | { readonly is: 'phase'; readonly phase: string; readonly action: string }
  | { readonly is: 'task'; readonly task: string; readonly action: string }
  | { readonly is: 'service'; readonly service: string; readonly action: string; readonly message: string }
  | { readonly is: 'config-error'; readonly error: string }
  /** Of a kind that we do not read. */
  | { readonly is: 'other'; readonly type: string }

export interface LogsAsked {
  /** A service of Talos itself as in `etcd`, or a container as in `kube-system/kube-apiserver-cp-1:kube-apiserver`. */
  readonly of: { readonly service: string } | { readonly container: string }
  readonly follow: boolean
  /** How many lines of the past come first; all when undefined. */
  readonly tailLines?: number | undefined
}
