import { describe, expect, test } from 'vitest'
import { findSealedSecrets } from '#db/sealed-secrets.ts'
import { aStory } from '../support/first-story.ts'
import { alarmOf, clusterPort, ring, siteStub, until } from '../support/relay-world.ts'
import { MODES, play, sleep } from '../support/run-story.ts'
import { createScriptedAgent } from '../support/scripted-agent.ts'

describe.each(MODES)('an outcome that its cluster cannot take ($mode)', ({ mode }) => {
  test('[S3] is not acknowledged, stays owed under an alarm, and arrives later', async () => {
    const story = await aStory()
    const { db, siteUid, clusterUid } = story
    const agent = createScriptedAgent({ siteUid, diligent: false })
    await clusterPort(clusterUid).wake(clusterUid, 0)
    await agent.connect()
    const secrets = () =>
      [...agent.journal.values()].find((entry) => entry.offer.kind === 'secrets.create')?.offer.operationId
    await play(agent, story, mode, 'the agent makes secrets', () => secrets() !== undefined)
    const operationId = secrets()!

    await db.run('ALTER TABLE sealed_secrets RENAME TO sealed_secrets_away')
    agent.finish(operationId)
    while (agent.sendNext());
    await until('the site knows that it owes', async () => (await alarmOf(siteStub(siteUid))) !== null)
    await ring(siteStub(siteUid))
    if (mode === 'hibernating') await sleep(siteStub(siteUid))
    while (agent.hearNext());
    expect(agent.journal.get(operationId)?.state).toBe('finished')

    await db.run('ALTER TABLE sealed_secrets_away RENAME TO sealed_secrets')
    await ring(siteStub(siteUid))
    await play(agent, story, mode, 'the ack', () => !agent.journal.has(operationId))
    expect(await findSealedSecrets(db, clusterUid, 1)).toMatchObject({ ciphertext: 'sealed' })
  })
})
