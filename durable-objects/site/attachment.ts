import { z } from 'zod'

/**
 * What a control socket carries through hibernation. `state`: nothing said yet · standing by · welcomed, waiting for `ready` · ready,
 * operation tables not compared yet · open, operations are offered · over.
 */
const Attachment = z.object({
  agentId: z.string(),
  openedAt: z.number(),
  state: z.enum(['new', 'standby', 'welcomed', 'ready', 'open', 'over']),
  /** 0 before `welcome`. */
  epoch: z.number(),
  /** It can be asked for a lane. */
  lanes: z.boolean().optional(),
  incarnation: z.object({ id: z.string(), counter: z.number() }).optional(),
  /** From `hello`, for a `welcome` that comes later. */
  protocol: z.number().optional(),
  agentVersion: z.string().optional(),
})
export type Attachment = z.infer<typeof Attachment>

export const readAttachment = (socket: WebSocket): Attachment => Attachment.parse(socket.deserializeAttachment())

export function writeAttachment(socket: WebSocket, attachment: Attachment): void {
  socket.serializeAttachment(attachment)
}
