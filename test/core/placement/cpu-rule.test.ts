import { expect, test } from 'vitest'
import { HostSpec } from '#core/model/site.ts'
import { place } from '#core/placement/place.ts'
import { CLUSTER_UID } from '../../support/documents.ts'
import { seededRandom } from '../../support/random.ts'
import { aHost, aWideLedger, aWorkerRequest, seenHosts } from '../../support/site.ts'
import { aPlacement } from '../../support/view.ts'

/** How often a thread may be promised: as the host says, and twice at most where control planes are. */
const THREADS = 8
const hosts = [aHost('a', { overcommit: { cpu: 4 } })]
function placed(role: 'controlplane' | 'worker', cpu: number, before: 'controlplane' | 'worker' = 'worker') {
  const seen = seenHosts(hosts)
  const ledger = aWideLedger(hosts, {
    seen: { ...seen, hosts: seen.hosts.map((host) => ({ ...host, threads: THREADS })) },
    placements: [aPlacement('cp-1', { host: 'a', role: before, cpu: 2, memoryMiB: 1024 })],
  })
  const answer = place(CLUSTER_UID, [aWorkerRequest('w-0', { role, cpu })], ledger, seededRandom(1).bytes)
  return answer.ok ? 'placed' : answer.refusals[0]?.problem.facts['arithmetic']
}

test.each([
  ['worker', 30, 'worker', 'placed'],
  ['worker', 31, 'worker', 'CPU 32 − 2 placed = 30 free, needed 31'],
  ['controlplane', 14, 'worker', 'placed'],
  ['controlplane', 15, 'worker', 'CPU 16 − 2 placed = 14 free, needed 15'],
  ['worker', 14, 'controlplane', 'placed'],
  ['worker', 15, 'controlplane', 'CPU 16 − 2 placed = 14 free, needed 15'],
] as const)('[P5] a %s of %i vCPUs beside a %s: %s', (role, cpu, before, said) => {
  expect(placed(role, cpu, before)).toBe(said)
})

test('more than four vCPUs for each thread are refused with one sentence', () => {
  const parsed = HostSpec.safeParse(aHost('a', { overcommit: { cpu: 5 } }))
  expect(parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
    'overcommit.cpu: at most 4 vCPUs for each thread',
  ])
})
