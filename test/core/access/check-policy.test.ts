import { describe, expect, test } from 'vitest'
import { checkPolicy } from '#core/access/check-policy.ts'
import { PolicySpec, type Binding } from '#core/access/policy.ts'

const WORLD = {
  sites: new Set(['home']),
  clusters: new Map([['web', 'home']]),
  serviceAccounts: new Set(['ci']),
}
const OWNER: Binding = { role: 'admin', on: 'everything', to: { user: 'owner@example.com' } }
const aPolicy = (bindings: readonly Binding[], tests: PolicySpec['tests'] = []): PolicySpec => ({
  bindings: [OWNER, ...bindings],
  tests,
})
const said = (policy: PolicySpec) =>
  checkPolicy(policy, WORLD).map(({ path, code, message }) => `${path.join('.')} ${code}: ${message}`)

describe('a policy', () => {
  test('[A24] passes when every name leads somewhere and every test holds', () => {
    const policy = aPolicy(
      [
        { role: 'operator', on: { site: 'home' }, to: { group: 'dev' } },
        { role: 'reader', on: { cluster: 'web' }, to: { serviceAccount: 'ci' } },
      ],
      [
        {
          as: { groups: ['dev'] },
          may: [{ role: 'operator', on: { cluster: 'web' } }],
          mayNot: [{ role: 'admin', on: { site: 'home' } }],
        },
        { as: { serviceAccount: 'ci' }, mayNot: [{ role: 'reader', on: { site: 'home' } }] },
        { as: { user: 'owner@example.com' }, may: [{ role: 'admin', on: { cluster: 'web' } }] },
      ],
    )
    expect(said(policy)).toEqual([])
  })

  test('[A24] names each test that does not hold, and what it would be', () => {
    const tests = [{ as: { user: 'owner@example.com' }, mayNot: [{ role: 'reader' as const, on: { site: 'home' } }] }]
    expect(said(aPolicy([], tests))).toEqual(['tests.0.mayNot.0 policy-test-failed: would be reader on site/home'])
    const wants = [{ as: { groups: ['dev'] }, may: [{ role: 'reader' as const, on: 'everything' as const }] }]
    expect(said(aPolicy([], wants))).toEqual(['tests.0.may.0 policy-test-failed: would not be reader on everything'])
  })

  test('[A24] names what it binds that is not there, in tests too', () => {
    const policy = aPolicy(
      [{ role: 'reader', on: { cluster: 'gone' }, to: { serviceAccount: 'nobody' } }],
      [{ as: {}, mayNot: [{ role: 'reader', on: { site: 'elsewhere' } }] }],
    )
    expect(said(policy)).toEqual([
      'bindings.1.on reference-missing: there is no cluster/gone',
      'tests.0.mayNot.0.on reference-missing: there is no site/elsewhere',
      'bindings.1.to.serviceAccount reference-missing: there is no service account nobody',
    ])
  })

  test('[A24] without an admin on everything is refused', () => {
    expect(
      checkPolicy({ bindings: [{ ...OWNER, role: 'operator' }], tests: [] }, WORLD).map(({ code }) => code),
    ).toEqual(['policy-locks-out'])
  })

  test.each([
    ['a field nobody knows', { bindings: [{ ...OWNER, until: 'tomorrow' }] }],
    ['a name with a space', { bindings: [{ ...OWNER, to: { user: 'a b@c' } }] }],
    ['two scopes at once', { bindings: [{ ...OWNER, on: { site: 'home', cluster: 'web' } }] }],
    ['no binding at all', { bindings: [] }],
    ['too many bindings', { bindings: Array.from({ length: 501 }, () => OWNER) }],
  ])('with %s is no policy', (_, value) => {
    expect(PolicySpec.safeParse(value).success).toBe(false)
  })
})
