import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { roleAt, visibleTo, type Grant, type Place, type Scope } from '#core/access/grant.ts'
import { includes, ROLES } from '#core/access/role.ts'

const everything: Scope = 'everything'
const home: Scope = { site: 'home' }
const web: Scope = { cluster: 'web' }
const WEB: Place = { site: 'home', cluster: 'web' }
const aGrant = (role: Grant['role'], on: Scope): Grant => ({ role, on })

describe('the role held at a place', () => {
  test.each<readonly [string, readonly Grant[], Place, string | undefined]>([
    ['nothing without a grant', [], WEB, undefined],
    ['everything includes a site', [aGrant('operator', everything)], { site: 'home' }, 'operator'],
    ['a site includes its clusters', [aGrant('operator', home)], WEB, 'operator'],
    ['a site does not include others', [aGrant('admin', home)], { site: 'away' }, undefined],
    ['a cluster does not include its site', [aGrant('admin', web)], { site: 'home' }, undefined],
    ['a cluster does not include its neighbour', [aGrant('admin', web)], { site: 'home', cluster: 'db' }, undefined],
    ['what belongs to all needs a grant on everything', [aGrant('admin', home), aGrant('admin', web)], {}, undefined],
    ['the greatest of several counts', [aGrant('reader', everything), aGrant('admin', web)], WEB, 'admin'],
    ['a site without a name is nobody’s', [aGrant('admin', home)], { site: undefined }, undefined],
  ])('[A20] %s', (_, grants, place, role) => {
    expect(roleAt({ grants }, place)).toBe(role)
  })

  test('[A22] is that of the token where the token says less, and of its owner where the owner has less', () => {
    const limit = aGrant('operator', home)
    expect(roleAt({ grants: [aGrant('admin', everything)], limit }, WEB)).toBe('operator')
    expect(roleAt({ grants: [aGrant('reader', everything)], limit }, WEB)).toBe('reader')
    expect(roleAt({ grants: [aGrant('admin', everything)], limit }, { site: 'away' })).toBeUndefined()
    expect(roleAt({ grants: [aGrant('admin', web)], limit }, { site: 'home' })).toBeUndefined()
  })

  const scope = fc.oneof(
    fc.constant(everything),
    fc.constantFrom('home', 'away').map((site) => ({ site })),
    fc.constantFrom('web', 'db').map((cluster) => ({ cluster })),
  )
  const grant = fc.record({ role: fc.constantFrom(...ROLES), on: scope })
  const place: fc.Arbitrary<Place> = fc.record({
    site: fc.constantFrom('home', 'away', undefined),
    cluster: fc.constantFrom('web', 'db', undefined),
  })

  test('[A22] a limit never adds anything, wherever it is asked', () => {
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 5 }), grant, place, (grants, limit, at) => {
        const limited = roleAt({ grants, limit }, at)
        if (limited === undefined) return
        expect(includes(roleAt({ grants }, at), limited)).toBe(true)
        expect(includes(roleAt({ grants: [limit] }, at), limited)).toBe(true)
      }),
    )
  })

  test('[A20] lists show a cluster exactly when its place is held', () => {
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 5 }), fc.option(grant, { nil: undefined }), (grants, limit) => {
        const rights = { grants, limit }
        for (const site of ['home', 'away'])
          for (const cluster of ['web', 'db']) {
            const shown = visibleTo(rights).every(
              (seen) => seen === 'everything' || seen.sites.includes(site) || seen.clusters.includes(cluster),
            )
            expect(shown).toBe(roleAt(rights, { site, cluster }) !== undefined)
          }
      }),
    )
  })
})
