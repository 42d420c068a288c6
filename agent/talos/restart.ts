import { ok, type Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import type { TalosNode } from './node.ts'

/**
 * Whether a node has been restarted, told by its boot id, the only thing that surely changes: right after it was told to
 * restart a node still answers as before, and it may be away for less time than passes between two looks.
 */
export type Restart =
  /** It runs the kernel it ran before. */
  | { readonly is: 'not-begun' }
  /** It does not answer, or not yet as it will; every `later` problem is part of a restart. */
  | { readonly is: 'under-way'; readonly stage: string | undefined }
  | { readonly is: 'done'; readonly bootId: string; readonly talosVersion: string }

/** Looks once and never waits. Problems: those that no waiting mends. `bootIdBefore` was read before it was told to. */
export async function lookForRestart(
  node: Pick<TalosNode, 'bootId' | 'machineStatus' | 'version'>,
  bootIdBefore: string,
  signal?: AbortSignal,
): Promise<Result<Restart, Problem>> {
  const bootId = await node.bootId(signal)
  if (!bootId.ok) return away(bootId.error)
  if (bootId.value === bootIdBefore) return ok({ is: 'not-begun' })
  const status = await node.machineStatus(signal)
  if (!status.ok) return away(status.error)
  if (status.value.stage !== 'running' || !status.value.ready) return ok({ is: 'under-way', stage: status.value.stage })
  const version = await node.version(signal)
  if (!version.ok) return away(version.error)
  return ok({ is: 'done', bootId: bootId.value, talosVersion: version.value.tag })
}

const away = (problem: Problem): Result<Restart, Problem> =>
  problem.retry === 'later' ? ok({ is: 'under-way', stage: undefined }) : { ok: false, error: problem }
