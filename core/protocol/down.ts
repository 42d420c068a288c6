import { z } from 'zod'
import { Drain } from './drain.ts'
import { LaneOpenMessage } from './lane.ts'
import { OpAck } from './op-ack.ts'
import { OpCancel } from './op-cancel.ts'
import { OpOffer } from './op-offer.ts'
import { OpsDiff } from './ops-diff.ts'
import { Reject } from './reject.ts'
import { SecretsPut } from './secrets-put.ts'
import { Standby } from './standby.ts'
import { Unsupported } from './unsupported.ts'
import { WatchPut } from './watch-put.ts'
import { Welcome } from './welcome.ts'

/** Everything the cloud may say to an agent. */
export const Down = z.discriminatedUnion('type', [
  Welcome,
  Reject,
  OpsDiff,
  OpOffer,
  OpCancel,
  OpAck,
  WatchPut,
  SecretsPut,
  LaneOpenMessage,
  Standby,
  Drain,
  Unsupported,
])
export type Down = z.infer<typeof Down>
