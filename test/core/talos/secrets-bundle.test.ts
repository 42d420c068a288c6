import { parse, stringify } from 'yaml'
import { describe, expect, test } from 'vitest'
import { aBundle } from '#test/support/talos-bundle.ts'
import { readVector } from '#test/support/vectors.ts'
import { formatSecretsBundle, parseSecretsBundle } from '#core/talos/secrets-bundle.ts'

describe('secrets bundle', () => {
  test('what was written is read back unchanged', async () => {
    const bundle = await aBundle()
    expect(parseSecretsBundle(formatSecretsBundle(bundle))).toEqual({ ok: true, value: bundle })
  })

  test('a damaged bundle is refused by the names of its fields and none of its values', async () => {
    const bundle = await aBundle()
    const damaged = structuredClone(bundle)
    damaged.certs.os.key = damaged.certs.os.crt
    damaged.cluster.secret = 'c2hvcnQ='
    delete damaged.secrets.secretboxencryptionsecret
    const result = parseSecretsBundle(stringify(damaged))
    if (result.ok) throw new Error('a damaged bundle was accepted')
    expect(result.error).toMatchObject({ code: 'secrets-unreadable', facts: { reason: 'not-a-bundle' } })
    const said = JSON.stringify(result.error)
    expect(said).toContain('certs.os.key')
    expect(said).toContain('cluster.secret')
    expect(said).toContain('exactly one of secretboxencryptionsecret')
    expect(said).not.toContain(bundle.certs.os.crt.slice(0, 40))
  })

  test.each(['', 'a: [', 'just text', '[]'])('text that is no bundle is a problem, not a crash: %j', (text) => {
    expect(parseSecretsBundle(text)).toMatchObject({ ok: false, error: { code: 'secrets-unreadable' } })
  })

  test('upstream bundles load and survive a round trip', (context) => {
    for (const path of ['talos/generate/secrets.yaml', 'talos/secrets/secrets.yaml']) {
      const text = readVector(path, context)
      const parsed = parseSecretsBundle(text)
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
      expect(parse(formatSecretsBundle(parsed.value))).toEqual(parse(text))
    }
  })

  test('the bundle that upstream refuses is refused here', (context) => {
    const text = readVector('talos/secrets/invalid-secrets.yaml', context)
    expect(parseSecretsBundle(text).ok).toBe(false)
  })
})
