import { parse, stringify } from 'yaml'
import { describe, expect, test } from 'vitest'
import { aBundle } from '#test/support/talos-bundle.ts'
import { readVector } from '#test/support/vectors.ts'
import { formatSecretsBundle, parseSecretsBundle, type SecretsBundle } from '#core/talos/secrets-bundle.ts'

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

  test('what is no map at all is named as a whole, and not by an empty field', () => {
    for (const text of ['', '127.0.0.1 localhost', '[]'])
      expect(parseSecretsBundle(text)).toMatchObject({
        ok: false,
        error: { facts: { fields: [expect.stringMatching(/^it as a whole: .*expected object/)] } },
      })
  })

  test.each<[string, (damaged: SecretsBundle) => void, string]>([
    [
      'a certificate cut short',
      (d) => (d.certs.etcd.crt = cut(d.certs.etcd.crt)),
      'certs.etcd.crt: is a broken certificate',
    ],
    ['a key cut short', (d) => (d.certs.os.key = cut(d.certs.os.key)), 'certs.os.key: is a broken private key'],
    [
      'a key where a certificate belongs',
      (d) => (d.certs.k8s.crt = d.certs.k8s.key),
      'certs.k8s.crt: is not a certificate in PEM',
    ],
    ['no base64', (d) => (d.certs.k8s.crt = 'no base64!'), 'certs.k8s.crt: is not base64'],
    [
      'the key of another authority',
      (d) => (d.certs.k8s.key = d.certs.etcd.key),
      'certs.k8s.key: is not the key of its certificate',
    ],
    [
      'a key of another kind',
      (d) => (d.certs.os.key = d.certs.etcd.key),
      'certs.os.key: is not the key of its certificate',
    ],
    [
      'a broken service account key',
      (d) => (d.certs.k8sserviceaccount.key = cut(d.certs.k8sserviceaccount.key)),
      'certs.k8sserviceaccount.key: is a broken private key',
    ],
  ])('%s is refused with one sentence that names the field', async (_, damage, sentence) => {
    const damaged = structuredClone(await aBundle())
    damage(damaged)
    expect(parseSecretsBundle(stringify(damaged))).toMatchObject({
      ok: false,
      error: { code: 'secrets-unreadable', facts: { fields: [sentence] } },
    })
  })

  test('a bundle from before secretbox loads, and survives a round trip', async () => {
    const old = structuredClone(await aBundle())
    old.secrets = { bootstraptoken: old.secrets.bootstraptoken, aescbcencryptionsecret: old.cluster.secret }
    expect(parseSecretsBundle(formatSecretsBundle(old))).toEqual({ ok: true, value: old })
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

/** The same PEM around half of its bytes. */
function cut(text: string): string {
  const lines = Buffer.from(text, 'base64').toString('latin1').trim().split('\n')
  const bytes = Buffer.from(lines.slice(1, -1).join(''), 'base64')
  const half = bytes.subarray(0, bytes.length / 2).toString('base64')
  return Buffer.from([lines[0], half, lines.at(-1), ''].join('\n')).toString('base64')
}
