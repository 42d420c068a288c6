/** What the relay Worker tells a Site object about a token it has verified. Requests from outside never carry these. */
export const DOOR_HEADERS = {
  agentId: 'x-lanline-agent-id',
  siteUid: 'x-lanline-site-uid',
  jti: 'x-lanline-jti',
  expiresAt: 'x-lanline-token-expires-at',
} as const

export interface DoorPass {
  readonly agentId: string
  readonly siteUid: string
  readonly jti: string
  /** Epoch ms. */
  readonly expiresAt: number
}

export const doorHeaders = (pass: DoorPass): Record<string, string> => ({
  [DOOR_HEADERS.agentId]: pass.agentId,
  [DOOR_HEADERS.siteUid]: pass.siteUid,
  [DOOR_HEADERS.jti]: pass.jti,
  [DOOR_HEADERS.expiresAt]: String(pass.expiresAt),
})

export function readDoorPass(headers: Headers): DoorPass | undefined {
  const agentId = headers.get(DOOR_HEADERS.agentId)
  const siteUid = headers.get(DOOR_HEADERS.siteUid)
  const jti = headers.get(DOOR_HEADERS.jti)
  const expiresAt = Number(headers.get(DOOR_HEADERS.expiresAt) ?? Number.NaN)
  return agentId && siteUid && jti && Number.isFinite(expiresAt) ? { agentId, siteUid, jti, expiresAt } : undefined
}
