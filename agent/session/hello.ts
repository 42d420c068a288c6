import { OPERATION_KINDS } from '#core/model/operation.ts'
import type { Hello } from '#core/protocol/hello.ts'
import { LANE_FEATURE } from '#core/protocol/lane.ts'
import { PROTOCOL_FLOOR, PROTOCOL_VERSION, STANDBY_FEATURE } from '#core/protocol/version.ts'
import type { Journal } from '../journal/journal.ts'

/** The first message on a new socket: what this agent is, can do, and last knew. */
export const helloOf = (
  {
    siteUid,
    agentVersion,
    onLane,
  }: { readonly siteUid: string; readonly agentVersion: string; readonly onLane?: unknown },
  journal: Pick<Journal, 'instanceId' | 'incarnation' | 'lastEpoch'>,
): Hello => ({
  type: 'hello',
  protocol: { min: PROTOCOL_FLOOR, max: PROTOCOL_VERSION },
  agentVersion,
  features: [STANDBY_FEATURE, ...(onLane === undefined ? [] : [LANE_FEATURE])],
  operations: [...OPERATION_KINDS],
  siteUid,
  incarnation: { id: journal.instanceId, counter: journal.incarnation },
  lastEpoch: journal.lastEpoch(),
  clockMs: Date.now(),
})
