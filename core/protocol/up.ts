import { z } from 'zod'
import { Drain } from './drain.ts'
import { Hello } from './hello.ts'
import { AccessIssued } from './lane.ts'
import { OpAccept } from './op-accept.ts'
import { OpProgress } from './op-progress.ts'
import { OpRefuse } from './op-refuse.ts'
import { OpResult } from './op-result.ts'
import { OpsSnapshot } from './ops-snapshot.ts'
import { Ready } from './ready.ts'
import { SecretsGet } from './secrets-get.ts'
import { SiteSeenMessage } from './site-seen.ts'
import { SiteTrouble } from './site-trouble.ts'
import { Unsupported } from './unsupported.ts'

/** Everything an agent may say. */
export const Up = z.discriminatedUnion('type', [
  Hello,
  Ready,
  OpsSnapshot,
  OpAccept,
  OpRefuse,
  OpProgress,
  OpResult,
  SiteSeenMessage,
  SiteTrouble,
  SecretsGet,
  AccessIssued,
  Drain,
  Unsupported,
])
export type Up = z.infer<typeof Up>
