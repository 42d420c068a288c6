import type { RelayEnv } from '../env.ts'
import { Conversation } from './conversation.ts'
import { Courier } from './courier.ts'
import type { Link } from './link.ts'
import { SiteAlarm } from './site-alarm.ts'
import { SiteStore } from './site-store.ts'

/** Everything that works on one opened store of a site; opened anew after the store was emptied. */
export interface Desk {
  readonly store: SiteStore
  readonly conversation: Conversation
  readonly courier: Courier
  readonly alarm: SiteAlarm
}

export function openDesk(storage: DurableObjectStorage, env: RelayEnv, link: Link): Desk {
  const store = new SiteStore(storage)
  const courier = new Courier(
    env,
    store,
    (operationId, attempt) => {
      // Whoever did the work forgets it; to the others the message says nothing.
      for (const socket of link.speaking()) link.send(socket, { type: 'op.ack', operationId, attempt })
    },
    () => link.standing(Date.now()).map(({ attachment }) => attachment.agentId),
  )
  const conversation = new Conversation(store, link)
  const alarm = new SiteAlarm(storage, store, link, courier, conversation)
  return { store, courier, alarm, conversation }
}
