import { z } from 'zod'
import { Uid } from '../model/ids.ts'

/**
 * Two requests of an approved agent about the others of its site, with a door token: who they are, and a bundle that it
 * has sealed anew for one of them. No object hears of either.
 */
export const PEERS_PATH = '/relay/v1/peers'
export const SEALED_COPIES_PATH = '/relay/v1/sealed-copies'

/** More than a site has. */
export const MAX_PEERS = 100
export const MAX_SEALED_CHARS = 64 * 1024

export const PeersResponse = z.object({
  agents: z
    .array(
      z.object({
        agentId: Uid,
        identityKey: z.string().max(64),
        ageRecipient: z.string().max(128),
        ageProof: z.string().max(128).optional(),
      }),
    )
    .max(MAX_PEERS),
})
export type PeersResponse = z.infer<typeof PeersResponse>

export const SealedCopyRequest = z.strictObject({
  agentId: Uid,
  clusterUid: Uid,
  version: z.int().positive(),
  ciphertext: z.string().max(MAX_SEALED_CHARS),
})
export type SealedCopyRequest = z.infer<typeof SealedCopyRequest>
