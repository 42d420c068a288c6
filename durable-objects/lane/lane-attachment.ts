import { z } from 'zod'
import { Role } from '#core/access/role.ts'

/** What a lane's socket carries through hibernation; with it the object needs no store and no memory. */
const Attachment = z.discriminatedUnion('role', [
  z.object({
    role: z.literal('client'),
    channel: z.number(),
    siteUid: z.string(),
    subject: z.string(),
    rights: Role,
    clusters: z.array(z.string()),
    source: z.string(),
    direct: z.boolean(),
    expiresAt: z.number(),
    /** What the agent was asked with; gone once the agent is there. */
    nonce: z.string().optional(),
  }),
  z.object({ role: z.literal('agent'), siteUid: z.string(), agentId: z.string() }),
  z.object({ role: z.literal('over') }),
])
export type Attachment = z.infer<typeof Attachment>
export type ClientAttachment = Extract<Attachment, { role: 'client' }>

/** Reading one costs as much as forwarding a frame, so each is read once while the object is awake. */
export class Attachments {
  readonly #known = new WeakMap<WebSocket, Attachment>()

  read(socket: WebSocket): Attachment {
    const known = this.#known.get(socket)
    if (known) return known
    const read = Attachment.safeParse(socket.deserializeAttachment())
    const attachment: Attachment = read.success ? read.data : { role: 'over' }
    this.#known.set(socket, attachment)
    return attachment
  }

  write(socket: WebSocket, attachment: Attachment): void {
    socket.serializeAttachment(attachment)
    this.#known.set(socket, attachment)
  }
}
