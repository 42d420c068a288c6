import { OPERATION_OUTPUTS, type Operation, type OperationOutput, type OperationResult } from '#core/model/operation.ts'
import { problem } from '#core/model/problem.ts'

/** A result whose output has passed the schema of its kind; one that does not fit is a failure of the agent. */
export function checkOutput(operation: Operation, result: OperationResult): OperationResult {
  if (result.outcome !== 'succeeded') return result
  const read = OPERATION_OUTPUTS[operation.kind].safeParse(result.output)
  if (read.success) return { outcome: 'succeeded', output: read.data }
  const issue = read.error.issues[0]
  const facts = { of: `output of ${operation.kind}`, field: issue?.path.join('.') ?? '', text: issue?.message ?? '' }
  return { outcome: 'failed', problem: problem('internal', facts) }
}

export function sealedBundleOf(
  operation: Operation,
  result: OperationResult,
): OperationOutput<'secrets.create'> | undefined {
  if (operation.kind !== 'secrets.create' || result.outcome !== 'succeeded') return undefined
  return OPERATION_OUTPUTS['secrets.create'].parse(result.output)
}

/** What the object keeps of a result: everything but the ciphertext, whose only home is D1. */
export function withoutCiphertext(result: OperationResult): OperationResult {
  if (result.outcome !== 'succeeded' || !('ciphertext' in result.output)) return result
  const { ciphertext: _, ...output } = result.output
  return { outcome: 'succeeded', output }
}
