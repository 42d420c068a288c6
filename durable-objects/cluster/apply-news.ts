import { isOpen, type Operation } from '#core/model/operation.ts'
import type { OperationNews } from '../ports.ts'

/**
 * An operation after a piece of news, or undefined when the news changes nothing.
 *
 *   C4  A finished operation is final; news of another attempt, or older than what is known, changes nothing.
 *
 * | news       | from            | to                                   |
 * | offered    | queued          | offered                              |
 * | accepted   | queued, offered, running | running, reported            |
 * | returned   | offered, running | queued                              |
 * | unreported | running         | running, unreported                  |
 * | finished   | any open one    | succeeded, failed, cancelled         |
 * | progress   | never stored: the last value lives in memory (./progress.ts) |
 */
export function applyNews(operation: Operation, news: OperationNews): Operation | undefined {
  if (news.attempt !== operation.attempt || !isOpen(operation.state)) return undefined
  const { unreported: _, ...reported } = operation
  switch (news.type) {
    case 'offered':
      return operation.state === 'queued' ? { ...operation, state: 'offered' } : undefined
    case 'accepted':
      return operation.state === 'running' && !operation.unreported
        ? undefined
        : { ...reported, state: 'running', startedAt: operation.startedAt ?? news.at }
    case 'returned':
      return operation.state === 'queued' ? undefined : { ...reported, state: 'queued' }
    case 'unreported':
      return operation.state === 'running' && !operation.unreported ? { ...operation, unreported: true } : undefined
    case 'finished':
      return { ...reported, state: news.result.outcome, finishedAt: news.at, result: news.result }
    case 'progress':
      return undefined
  }
}
