import { describe, expect, test } from 'vitest'
import { place } from '#core/placement/place.ts'
import { CLUSTER_UID } from '../../support/documents.ts'
import { seededRandom } from '../../support/random.ts'
import { aHost, aStorage, aWideLedger, aWorkerRequest, seenHosts } from '../../support/site.ts'

/** What a host makes machines from, by the release that is seen of it. */
const hosts = [aHost('a')]
function placedOn(version: string, content: readonly string[]) {
  const seen = seenHosts(hosts)
  const ledger = aWideLedger(hosts, {
    seen: {
      ...seen,
      hosts: seen.hosts.map((host) => ({ ...host, version })),
      storages: [aStorage('a', 'fast'), aStorage('a', 'img', { content: [...content], type: 'dir' })],
    },
  })
  const answer = place(CLUSTER_UID, [aWorkerRequest('w-0')], ledger, seededRandom(1).bytes)
  return answer.ok ? (answer.placements[0]?.boot ?? 'image') : answer.refusals[0]?.problem
}

describe('[pitfall 4] a host boots machines', () => {
  test.each([
    ['9.2.11', 'image'],
    ['8.4.1', 'image'],
    ['8.3.5', 'iso'],
    ['8.0.2', 'iso'],
    ['10.0.1', 'image'],
  ])('of %s by %s', (version, media) => {
    expect(placedOn(version, [media === 'iso' ? 'iso' : 'import'])).toBe(media)
  })

  test('from a storage that takes what it needs, or the refusal names the content that is missing', () => {
    expect(placedOn('8.2.4', ['import'])).toMatchObject({ code: 'storage-missing', facts: { content: 'iso' } })
    expect(placedOn('8.4.1', ['iso'])).toMatchObject({ code: 'storage-missing', facts: { content: 'import' } })
  })

  test('not at all when it is older than 8.0, and says so in a sentence', () => {
    expect(placedOn('7.4-17', ['iso', 'import'])).toMatchObject({
      code: 'unsupported-version',
      facts: {
        host: 'a',
        version: '7.4-17',
        oldest: '8.0',
        reason: 'Proxmox VE 7.4-17 is older than 8.0, the oldest that machines are made on',
      },
    })
  })
})
