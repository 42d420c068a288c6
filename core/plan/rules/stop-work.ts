import { isOpen } from '../../model/operation.ts'
import { hold, type Rule } from '../rule.ts'

/** A cluster that is being deleted needs no more secrets, images or checks: such work stops after its current step. */
export const stopWork: Rule = ({ view, deleting }) =>
  deleting
    ? view.operations
        .filter((operation) => isOpen(operation.state) && operation.kind !== 'machine.remove')
        .flatMap((operation) => [
          ...(operation.cancelling ? [] : [{ type: 'cancel' as const, operationId: operation.operationId }]),
          hold('operation-running', view.cluster.metadata.name, {
            operationId: operation.operationId,
            kind: operation.kind,
            ending: true,
          }),
        ])
    : []
