import { z } from 'zod'
import { OPERATION_INPUTS } from '#core/model/operation.ts'
import { OperationId } from '#core/model/ids.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { OpOffer } from '#core/protocol/op-offer.ts'
import type { OpRefuse } from '#core/protocol/op-refuse.ts'
import type { AcceptedOffer, JournalledOperation } from '../journal/journal.ts'

/**
 * What an offer is, seen from the journal (rules O12, O14). Pure: it reads, it changes nothing.
 *
 *   known, no result   → `running`: say accept again; the work is not restarted
 *   known, with result → `finished`: say the result again
 *   older than what was seen, or not what its kind takes → `refused`
 *   anything else      → `new`: journal it, then accept
 */
export type Verdict =
  | { readonly offer: 'running'; readonly operation: JournalledOperation }
  | { readonly offer: 'finished'; readonly operation: JournalledOperation }
  | { readonly offer: 'new'; readonly accepted: AcceptedOffer }
  | { readonly offer: 'refused'; readonly problem: Problem }

export interface OfferSight {
  readonly sessionEpoch: number
  readonly fence: number
  readonly known: JournalledOperation | undefined
}

export function judgeOffer(offer: OpOffer, { sessionEpoch, fence, known }: OfferSight): Verdict {
  if (offer.sessionEpoch !== sessionEpoch)
    return stale({ sessionEpoch: offer.sessionEpoch, currentSessionEpoch: sessionEpoch })
  if (known) {
    if (offer.attempt < known.attempt) return stale({ attempt: offer.attempt, knownAttempt: known.attempt })
    return { offer: known.result ? 'finished' : 'running', operation: known }
  }
  if (offer.clusterFence < fence) return stale({ clusterFence: offer.clusterFence, knownFence: fence })

  const input = OPERATION_INPUTS[offer.kind].safeParse(offer.input)
  if (!input.success) {
    const [issue] = input.error.issues
    return refused('operation-unsupported', {
      kind: offer.kind,
      field: issue?.path.join('.') ?? '',
      text: issue?.message ?? '',
    })
  }
  const { operationId, kind, clusterUid, clusterFence, attempt, deadlineMs } = offer
  return {
    offer: 'new',
    accepted: { operationId, kind, clusterUid, clusterFence, sessionEpoch, attempt, deadlineMs, input: input.data },
  }
}

const refused = (...args: Parameters<typeof problem>): Verdict => ({ offer: 'refused', problem: problem(...args) })
const stale = (facts: Parameters<typeof problem>[1]): Verdict => refused('stale-offer', facts)

/** What every offer has, whatever its kind. */
const ForeignOffer = z.object({
  type: z.literal('op.offer'),
  operationId: OperationId,
  attempt: z.int().positive(),
  kind: z.string().max(64),
})

/** The refusal of an offer that could not be read as one, so that it does not wait for a timeout; undefined for other frames. */
export function refuseForeign(frame: string, why: string): OpRefuse | undefined {
  const foreign = ForeignOffer.safeParse(parseJson(frame))
  if (!foreign.success) return undefined
  const { operationId, attempt, kind } = foreign.data
  return { type: 'op.refuse', operationId, attempt, problem: problem('operation-unsupported', { kind, text: why }) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
