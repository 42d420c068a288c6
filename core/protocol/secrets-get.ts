import { z } from 'zod'
import { Uid } from '../model/ids.ts'

/** The agent misses a sealed bundle that an offer or a watch names. */
export const SecretsGet = z.object({ type: z.literal('secrets.get'), clusterUid: Uid, version: z.int().positive() })
export type SecretsGet = z.infer<typeof SecretsGet>
