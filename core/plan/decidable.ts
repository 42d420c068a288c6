import { needsPerson, type Hold } from '../model/hold.ts'
import type { Operation } from '../model/operation.ts'

/**
 * What a person may decide about an operation. The plan knows: it holds because of the operation, or it does not; an old
 * failure that nobody wants any more holds nothing.
 *
 * | the plan holds because of it | decided before | may be decided | waits for a person |
 * |---|---|---|---|
 * | no  | –       | no  | no  |
 * | yes | –       | yes | yes |
 * | yes | abandon | yes | no  |
 * | yes | retry   | no  | no  |
 */
export const mayBeDecided = (operation: Operation, holds: readonly Hold[]): boolean =>
  operation.decision !== 'retry' &&
  holds.some((hold) => needsPerson(hold.code) && hold.facts['operationId'] === operation.operationId)

export const waitsForPerson = (operation: Operation, holds: readonly Hold[]): boolean =>
  operation.decision === undefined && mayBeDecided(operation, holds)
