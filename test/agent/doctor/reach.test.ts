import { describe, expect, test } from 'vitest'
import { err } from '#core/base/result.ts'
import { judgeClocks } from '#agent/doctor/checks/clocks.ts'
import { judgeEndpoints } from '#agent/doctor/checks/endpoints.ts'
import { judgeSameCluster } from '#agent/doctor/checks/same-cluster.ts'
import { servingCertificate } from '#test/support/serving-certificate.ts'
import { anAuthority, anEndpoint, complaints, DAY_MS, NOW, onlyComplaint } from './builders.ts'

describe('endpoints', () => {
  test.each([
    ['a name without an address', { resolved: err('ENOTFOUND') }, 'problem endpoint-name-unknown'],
    ['a port where nothing answers', { connected: err('ECONNREFUSED') }, 'problem endpoint-unreachable'],
    [
      'a port that does not speak TLS',
      { tls: err({ otherLanguage: true, text: 'wrong version number' }) },
      'problem endpoint-not-tls',
    ],
    ['a port that hangs up', { tls: err({ otherLanguage: false, text: 'closed' }) }, 'problem endpoint-unreachable'],
  ])('%s is a problem with a fix', (_, changed, complaint) => {
    const found = judgeEndpoints([{ ...anEndpoint(), ...changed }], {}, NOW)
    expect(complaints(found)).toEqual([complaint])
    expect(onlyComplaint(found).fix).toMatch(/pve1\.lan|HOST/)
  })

  test('[pitfall 42] a leaf of the own authority that ends within two weeks is in order: Proxmox renews it by itself', () => {
    expect(complaints(judgeEndpoints([anEndpoint(undefined, { endsAt: NOW + 3 * DAY_MS })], {}, NOW))).toEqual([])
  })

  test('[pitfall 42] a leaf of another authority that ends within two weeks is a warning: nobody renews it unasked', () => {
    const leaf = { endsAt: NOW + 3 * DAY_MS, issuer: "C=US, O=Let's Encrypt, CN=R11" }
    expect(complaints(judgeEndpoints([anEndpoint(undefined, leaf)], {}, NOW))).toEqual(['warning certificate-expiring'])
  })

  test('[pitfall 42] a pinned leaf is a problem before it breaks, a pinned authority is not', async () => {
    const leaf = await servingCertificate({ addresses: ['192.168.1.10'] })
    expect(complaints(judgeEndpoints([anEndpoint()], { caPem: leaf.cert }, NOW))).toEqual([
      'problem pin-is-no-authority',
    ])
    const caPem = await anAuthority(NOW + 3000 * DAY_MS)
    expect(complaints(judgeEndpoints([anEndpoint()], { caPem }, NOW))).toEqual([])
    expect(complaints(judgeEndpoints([anEndpoint()], { caPem: await anAuthority(NOW + 30 * DAY_MS) }, NOW))).toEqual([
      'warning authority-expiring',
    ])
  })

  test('[pitfall 42] a pinned fingerprint of the own authority is a warning, of another one in order', () => {
    const pins = { fingerprints: ['aa:bb'] }
    expect(complaints(judgeEndpoints([anEndpoint('SELF_SIGNED_CERT_IN_CHAIN')], pins, NOW))).toEqual([
      'warning leaf-pinned',
    ])
    const custom = anEndpoint('DEPTH_ZERO_SELF_SIGNED_CERT', { issuer: 'CN=home' })
    expect(complaints(judgeEndpoints([custom], pins, NOW))).toEqual([])
    expect(complaints(judgeEndpoints([custom], { fingerprints: ['CC:DD'] }, NOW))).toEqual([
      'problem fingerprint-differs',
    ])
  })

  test('a name that is not on the certificate is told with the names that are', () => {
    const found = onlyComplaint(judgeEndpoints([anEndpoint('ERR_TLS_CERT_ALTNAME_INVALID')], {}, NOW))
    expect(found.code).toBe('certificate-name-differs')
    expect(found.text).toContain('192.168.1.10, pve1, pve1.lan')
  })

  test.each([
    ['CERT_HAS_EXPIRED', 'certificate-expired'],
    ['CERT_NOT_YET_VALID', 'certificate-not-yet-valid'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate-untrusted'],
  ])('%s is a problem of its own', (distrust, code) => {
    expect(complaints(judgeEndpoints([anEndpoint(distrust)], {}, NOW))).toEqual([`problem ${code}`])
  })

  test('one endpoint that is away hides nothing about the other', () => {
    const found = judgeEndpoints([{ ...anEndpoint(), connected: err('timeout') }, anEndpoint()], {}, NOW)
    expect(found.map(({ level }) => level)).toEqual(['problem', 'ok'])
  })
})

describe('one cluster', () => {
  const behind = (endpoint: string, ...nodes: string[]) => ({ endpoint, nodes })

  test('endpoints of two clusters are a problem that names the stranger', () => {
    const found = onlyComplaint(judgeSameCluster([behind('https://a', 'pve1', 'pve2'), behind('https://b', 'nas')]))
    expect(found).toMatchObject({ code: 'several-clusters', about: 'https://b' })
  })

  test('the order in which a member lists the others does not matter', () => {
    expect(complaints(judgeSameCluster([behind('a', 'pve1', 'pve2'), behind('b', 'pve2', 'pve1')]))).toEqual([])
  })
})

describe('clocks', () => {
  test('a host within half a minute is in order, beyond it a warning, beyond five minutes a problem', () => {
    const found = judgeClocks({
      relayAheadMs: 0,
      hosts: [20_000, -40_000, 400_000].map((aheadMs, index) => ({ host: `pve${index + 1}`, aheadMs })),
    })
    expect(complaints(found)).toEqual(['warning clock-skewed', 'problem clock-skewed'])
    expect(found.at(-1)?.fix).toContain('on pve3')
  })

  test('when the clock of the agent is the wrong one, it is blamed and the hosts are not', () => {
    const found = judgeClocks({ relayAheadMs: 600_000, hosts: [{ host: 'pve1', aheadMs: 600_500 }] })
    expect(onlyComplaint(found)).toMatchObject({ about: 'clock of this machine', level: 'problem' })
    expect(onlyComplaint(found).text).toContain('600 s behind')
  })

  test('without a relay to compare with, the hosts still are', () => {
    expect(complaints(judgeClocks({ relayAheadMs: undefined, hosts: [{ host: 'pve1', aheadMs: -60_000 }] }))).toEqual([
      'warning clock-skewed',
    ])
  })
})
