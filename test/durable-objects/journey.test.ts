import { describe, expect, test } from 'vitest'
import { findSealedSecrets } from '#db/sealed-secrets.ts'
import { findStatus } from '#db/statuses.ts'
import { aStory, clusterDocument } from './support/first-story.ts'
import {
  alarmOf,
  clusterPort,
  clusterStatusOf,
  clusterStub,
  sitePort,
  siteStub,
  until,
  writeDocument,
} from './support/relay-world.ts'
import { MODES, play } from './support/run-story.ts'
import { createScriptedAgent } from './support/scripted-agent.ts'

describe.each(MODES)('a cluster from wish to ready and back to nothing ($mode)', ({ mode }) => {
  test('[C1][C5][C9] every effect is had once, and a deleted cluster leaves nothing', async () => {
    const story = await aStory()
    const { db, clusterUid, siteUid, name } = story
    const agent = createScriptedAgent({ siteUid })
    await clusterPort(clusterUid).wake(clusterUid, 0)
    await agent.connect()

    await play(
      agent,
      story,
      mode,
      'the cluster is ready',
      async () => (await clusterStatusOf(db, clusterUid))?.phase === 'ready',
    )
    expect(new Set(agent.site.effects).size).toBe(agent.site.effects.length)
    expect(agent.site.effects.filter((effect) => effect.startsWith('etcd.bootstrap'))).toHaveLength(1)
    expect(await findSealedSecrets(db, clusterUid, 1)).toMatchObject({ ciphertext: 'sealed' })
    expect(JSON.stringify(await clusterPort(clusterUid).operations({ limit: 100 }))).not.toContain('sealed"')
    await play(agent, story, mode, 'the site owes nobody', async () => {
      return agent.journal.size === 0 && (await alarmOf(siteStub(siteUid))) === null
    })

    await writeDocument(db, clusterUid, clusterDocument(name), { generation: 2, deletingAt: Date.now() })
    await clusterPort(clusterUid).wake(clusterUid, 0)
    await play(
      agent,
      story,
      mode,
      'the cluster is gone',
      async () => (await findStatus(db, clusterUid))?.phase === 'gone',
    )
    expect(agent.site.seen().guests).toEqual([])
    expect((await sitePort(siteUid).ledger(siteUid)).placements).toEqual([])
    await until('the object sleeps', async () => (await alarmOf(clusterStub(clusterUid))) === null)
    expect(await clusterPort(clusterUid).operations({ limit: 10 })).toEqual([])
    await play(
      agent,
      story,
      mode,
      'the agent stops watching',
      () => agent.watches.get(clusterUid)?.machines.length === 0,
    )
  })
})
