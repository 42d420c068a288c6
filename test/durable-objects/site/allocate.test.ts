import { describe, expect, test } from 'vitest'
import type { PlacementRequest } from '#core/model/placement.ts'
import { aStory, type Story } from '../support/first-story.ts'
import { newUid, sitePort, until } from '../support/relay-world.ts'
import { createScriptedAgent } from '../support/scripted-agent.ts'

const aRequest = (network: string, address: string, changes: Partial<PlacementRequest> = {}): PlacementRequest => ({
  machineId: crypto.randomUUID(),
  name: `m-${address.split('.')[3]}`,
  role: 'controlplane',
  cpu: 4,
  memoryMiB: 8192,
  disks: [{ name: 'talos-system', sizeGiB: 32 }],
  nics: [{ network, address }],
  devices: [],
  ...changes,
})

async function aSeenSite(): Promise<Story> {
  const story = await aStory()
  const agent = createScriptedAgent({ siteUid: story.siteUid })
  await agent.connect()
  await until('the site is seen', async () => {
    while (agent.hearNext() || agent.sendNext());
    return (await sitePort(story.siteUid).ledger(story.siteUid)).seenAt !== undefined
  })
  return story
}

describe('reserve', () => {
  test('[S8] places nothing before the site was seen whole', async () => {
    const { siteUid, clusterUid, name } = await aStory()
    const answer = await sitePort(siteUid).reserve(siteUid, clusterUid, [aRequest(name, '192.168.1.51')])
    expect(answer).toMatchObject({ ok: false, refusals: [{ problem: { code: 'host-unknown' } }] })
  })

  test('[S8] is idempotent by machine id', async () => {
    const { siteUid, clusterUid, name } = await aSeenSite()
    const requests = [aRequest(name, '192.168.1.51'), aRequest(name, '192.168.1.52')]
    const first = await sitePort(siteUid).reserve(siteUid, clusterUid, requests)
    expect(first.ok).toBe(true)
    expect(await sitePort(siteUid).reserve(siteUid, clusterUid, requests)).toEqual(first)
    expect((await sitePort(siteUid).ledger(siteUid)).placements).toHaveLength(2)
  })

  test('[S8] gives all machines of a call a place or none', async () => {
    const { siteUid, clusterUid, name } = await aSeenSite()
    const giant = aRequest(name, '192.168.1.52', { memoryMiB: 4_000_000 })
    const answer = await sitePort(siteUid).reserve(siteUid, clusterUid, [aRequest(name, '192.168.1.51'), giant])
    expect(answer).toMatchObject({ ok: false, refusals: [{ machineId: giant.machineId }] })
    expect((await sitePort(siteUid).ledger(siteUid)).placements).toEqual([])
  })

  test('[S8] two clusters that ask at the same moment never get the same VMID, MAC or address', async () => {
    const { siteUid, name } = await aSeenSite()
    const asks = Array.from({ length: 6 }, (_, i) =>
      sitePort(siteUid).reserve(siteUid, newUid(), [
        aRequest(name, `192.168.1.${60 + i}`),
        aRequest(name, '192.168.1.90'),
      ]),
    )
    const answers = await Promise.all(asks)
    // All of them want .90, so only one is served.
    expect(answers.filter((answer) => answer.ok)).toHaveLength(1)
    const others = Array.from({ length: 6 }, (_, i) =>
      sitePort(siteUid).reserve(siteUid, newUid(), [aRequest(name, `192.168.1.${100 + i}`)]),
    )
    await Promise.all(others)
    const { placements } = await sitePort(siteUid).ledger(siteUid)
    expect(placements).toHaveLength(8)
    expect(new Set(placements.map(({ vmid }) => vmid)).size).toBe(8)
    expect(new Set(placements.map(({ nics }) => nics[0]?.mac)).size).toBe(8)
    expect(new Set(placements.map(({ nics }) => nics[0]?.address)).size).toBe(8)
  })

  test('[S8] a place is taken back only by the cluster that has it', async () => {
    const { siteUid, clusterUid, name } = await aSeenSite()
    const request = aRequest(name, '192.168.1.51')
    await sitePort(siteUid).reserve(siteUid, clusterUid, [request])
    await sitePort(siteUid).release(newUid(), [request.machineId])
    expect((await sitePort(siteUid).ledger(siteUid)).placements).toHaveLength(1)
    await sitePort(siteUid).release(clusterUid, [request.machineId])
    expect((await sitePort(siteUid).ledger(siteUid)).placements).toEqual([])
  })
})
