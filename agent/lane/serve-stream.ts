import type { Duplex } from 'node:stream'
import type { LaneStream } from '#core/lane/lane-stream.ts'
import { sayTarget, type ChannelPass } from '#core/protocol/frame-payloads.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import type { Dialer } from '../dialer.ts'
import type { Logger } from '../log.ts'
import { LaneDuplex } from './lane-duplex.ts'
import { splice } from './splice.ts'
import { dialTarget } from './targets.ts'

/** What a stream leads to: the LAN, or this agent's own desk for credentials. */
export interface ServeDeps {
  readonly watches: () => readonly WatchPut[]
  readonly dialer: Dialer
  readonly access: (connection: Duplex, clusterUid: string, pass: ChannelPass) => void
  readonly direct: (connection: Duplex, clusterUid: string, pass: ChannelPass) => void
  readonly log: Logger
}

const HOUR_MS = 60 * 60_000
const LIMITS = {
  /** Watches and logs may say nothing for hours; a connection nobody uses for this long is forgotten. */
  idleMs: 4 * HOUR_MS,
  halfClosedMs: 5 * 60_000,
  /** As long as a client is let in for. */
  totalMs: 12 * HOUR_MS,
}

export function serveStream(deps: ServeDeps): (stream: LaneStream, pass: ChannelPass) => void {
  return (stream, pass) => {
    const { target } = stream
    const duplex = new LaneDuplex(stream)
    duplex.on('error', () => undefined)
    if (!pass.clusters.includes(target.clusterUid))
      return stream.reset({ code: 'refused', text: 'the ticket is for another cluster' })
    if (target.kind === 'access') {
      stream.confirm()
      return deps.access(duplex, target.clusterUid, pass)
    }
    if (target.kind === 'direct') {
      if (!pass.direct) return stream.reset({ code: 'refused', text: 'direct access is not for tickets' })
      stream.confirm()
      return deps.direct(duplex, target.clusterUid, pass)
    }
    void dialTarget(target, deps.watches(), deps.dialer).then(
      async (dialled) => {
        if (!dialled.ok) {
          deps.log.info({ event: 'stream.refused', target: sayTarget(target), ...dialled.error })
          stream.reset(dialled.error)
          duplex.destroy()
          return
        }
        // Whoever asked may have gone while the target was dialled.
        if (stream.over) return void dialled.value.destroy()
        stream.confirm()
        await splice(dialled.value, duplex, LIMITS)
      },
      (thrown: unknown) => {
        deps.log.error({ event: 'stream.threw', err: thrown })
        duplex.destroy()
      },
    )
  }
}
