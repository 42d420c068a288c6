import { PROGRESS_EVERY_MS, type OpProgress } from '#core/protocol/op-progress.ts'

/**
 * Progress of running operations on its way to the cloud: the last value only, at most one in `PROGRESS_EVERY_MS` for
 * each operation (rule S24). It is worth nothing after the result, so it is never kept and never repeated.
 */
export interface Progress {
  tell(operationId: string, attempt: number, step: string, percent: number | undefined): void
  /** The operation has ended: what waits is dropped. */
  end(operationId: string): void
  stop(): void
}

type Said = Omit<OpProgress, 'type' | 'seq'>

export function createProgress(send: (message: OpProgress) => void): Progress {
  const lines = new Map<string, { seq: number; waiting: Said | undefined; timer: NodeJS.Timeout }>()

  function sendLine(said: Said, seq: number): void {
    const timer = setTimeout(() => {
      const waiting = lines.get(said.operationId)?.waiting
      if (waiting) sendLine(waiting, seq + 1)
      else lines.delete(said.operationId)
    }, PROGRESS_EVERY_MS)
    lines.set(said.operationId, { seq, waiting: undefined, timer })
    send({ type: 'op.progress', ...said, seq })
  }

  return {
    tell(operationId, attempt, step, percent) {
      const said: Said = { operationId, attempt, step, ...(percent === undefined ? {} : { percent: clamp(percent) }) }
      const line = lines.get(operationId)
      if (line) line.waiting = said
      else sendLine(said, Date.now())
    },
    end(operationId) {
      clearTimeout(lines.get(operationId)?.timer)
      lines.delete(operationId)
    },
    stop() {
      for (const line of lines.values()) clearTimeout(line.timer)
      lines.clear()
    },
  }
}

const clamp = (percent: number): number => Math.max(0, Math.min(100, Math.round(percent)))
