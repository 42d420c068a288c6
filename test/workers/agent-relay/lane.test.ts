import { listDurableObjectIds } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { base64url } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { LANE_AGENT_PATH, LANE_PATH, LANE_SUBPROTOCOL, LANE_TICKET_PREFIX } from '#core/protocol/lane.ts'
import { createLaneTicket } from '#db/lane-tickets.ts'
import type { Db } from '#db/open.ts'
import { laneTickets } from '#db/schema.ts'
import { LANE_PASS_HEADER } from '#core/lane/lane-pass.ts'
import { aMigratedDb, newUid, relayEnv } from '../../durable-objects/support/relay-world.ts'

const relay = (path: string, headers: Record<string, string>): Promise<Response> =>
  (exports as unknown as { default: Fetcher }).default.fetch(`https://relay.example${path}`, { headers })
const upgrade = { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': LANE_SUBPROTOCOL }
const bearer = (token: string) => ({ ...upgrade, Authorization: `Bearer ${token}` })

let db: Db
beforeAll(async () => void (db = await aMigratedDb()))

async function aTicket(expiresInMs = 30_000): Promise<string> {
  const ticket = `${LANE_TICKET_PREFIX}${base64url.encode(crypto.getRandomValues(new Uint8Array(32)))}`
  const hash = bytesToHex(sha256(utf8ToBytes(ticket)))
  const at = Date.now()
  await createLaneTicket(
    db,
    {
      hash,
      siteUid: newUid(),
      clusterUid: newUid(),
      clusterName: 'home',
      subject: 'ann',
      role: 'reader',
      purpose: 'tunnel',
      expiresAt: at + expiresInMs,
    },
    { actor: 'ann', requestId: 'r', at },
  )
  return ticket
}

const codeOf = async (response: Response): Promise<string> => ((await response.json()) as { code: string }).code

describe('the door of the lanes', () => {
  test('[L2] a ticket lets in once; used, unknown and expired ones get the same answer', async () => {
    const ticket = await aTicket()
    // Let in, and told that the site of this story has no agent.
    expect(await codeOf(await relay(LANE_PATH, bearer(ticket)))).toBe('agent-away')
    const [used, unknown, expired] = [ticket, `${LANE_TICKET_PREFIX}${'A'.repeat(43)}`, await aTicket(-1)]
    for (const token of [used, unknown, expired, 'lanlane_short', ''])
      expect(await codeOf(await relay(LANE_PATH, bearer(token)))).toBe('lane-ticket-invalid')
  })

  test('[L2] of many who show one ticket at once, one is let in', async () => {
    const ticket = await aTicket()
    const codes = await Promise.all(
      Array.from({ length: 8 }, async () => codeOf(await relay(LANE_PATH, bearer(ticket)))),
    )
    expect(codes.toSorted()).toEqual(['agent-away', ...Array<string>(7).fill('lane-ticket-invalid')])
  })

  test('[R1] whoever is not verified reaches no object and writes no row, whatever they bring along', async () => {
    const before = [(await listDurableObjectIds(relayEnv.LANE)).length, (await db.select().from(laneTickets)).length]
    const pass = JSON.stringify({
      role: 'client',
      siteUid: newUid(),
      subject: 'eve',
      rights: 'admin',
      clusters: [],
      source: '',
      expiresAt: 9e15,
    })
    for (const path of [LANE_PATH, LANE_AGENT_PATH])
      for (const headers of [
        {},
        upgrade,
        bearer('x'),
        { ...bearer(`${LANE_TICKET_PREFIX}${'B'.repeat(43)}`), [LANE_PASS_HEADER]: pass },
      ])
        expect((await relay(path, headers)).status).toBeGreaterThanOrEqual(400)
    expect([(await listDurableObjectIds(relayEnv.LANE)).length, (await db.select().from(laneTickets)).length]).toEqual(
      before,
    )
  })
})
