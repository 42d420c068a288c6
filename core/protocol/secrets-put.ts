import { z } from 'zod'
import { Uid } from '../model/ids.ts'

/** The sealed bundle as the cloud holds it; only the agent's own key (or the recovery key) opens it. */
export const SecretsPut = z.object({
  type: z.literal('secrets.put'),
  clusterUid: Uid,
  version: z.int().positive(),
  /** age, armoured; absent when the cloud has none. */
  ciphertext: z
    .string()
    .max(64 * 1024)
    .optional(),
})
export type SecretsPut = z.infer<typeof SecretsPut>
