import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseSecretsBundle } from '#core/talos/secrets-bundle.ts'
import { bundleNeedles } from '#test/support/bundle-needles.ts'
import { derOf, keyNeedles, NeedleSearch, needlesFor, textNeedles, type Needle } from '#test/support/needles.ts'
import { recordCreation, type RecordedCreation } from '#test/support/recorded-creation.ts'

/**
 * A cluster is made while everything is recorded that the cloud stores, that passes between agent and cloud, and that
 * either of them logs. The owner's recovery identity opens the sealed bundle, and what is in it is looked for there.
 * A canary, planted wherever a person or an error can put text, shows that the search would have found it.
 */
const canary = randomBytes(16)
let creation: RecordedCreation

beforeAll(async () => {
  creation = await recordCreation(canary)
})

/** Where something was found, as `place: which secret in which dress`. */
function finds(needles: readonly Needle[]): readonly string[] {
  expect(needles.length).toBeGreaterThan(0)
  const search = new NeedleSearch(needles)
  return creation.hays.flatMap(({ place, bytes }) => search.find(bytes).map(({ says }) => `${place}: ${says}`))
}

describe('the search', () => {
  // A file that is written ahead into another is found in one of the two.
  test.each([
    ['the bytes of D1', /running: v3\/d1\/miniflare-D1DatabaseObject\/(?!metadata).*: canary, base64url$/],
    ['the cells of D1', /cells of v3\/d1\/miniflare-D1DatabaseObject\/(?!metadata).*: canary, base64url$/],
    ['the bytes of the Cluster object', /stopped: v3\/do\/lanline-agent-relay-ClusterObject\/.*: canary, hex$/],
    ['the cells of the Cluster object', /cells of v3\/do\/lanline-agent-relay-ClusterObject\/.*: canary, hex$/],
    ['the cells of the Site object', /cells of v3\/do\/lanline-agent-relay-SiteObject\/.*: canary, hex$/],
    ['frames of the agent', /^frames up: canary, base64$/],
    ['frames of the cloud', /^frames down: canary, hex$/],
    ['the log of the control plane', /^log of the control plane: canary, base64$/],
    ['the log files of the control plane', /running: logs\/.*: canary, base64$/],
    ['what workerd keeps of each call', /cells of v3\/observability\/.*: canary, base64$/],
    ['the log of the agent', /^log of the agent: canary, base64$/],
    ['the journal of the agent', /^agent: cells of journal.sqlite: canary, hex$/],
    ['answers of the API', /^API answers: canary, base64url$/],
  ])('finds a canary in %s', (_, pattern) => {
    expect(finds(needlesFor('canary', canary)).filter((find) => pattern.test(find))).not.toEqual([])
  })

  test('finds every secret of the bundle in the configuration that a node received', () => {
    const found = new NeedleSearch(bundleNeedles(creation.bundle)).find(Buffer.from(creation.machineConfigs[0] ?? ''))
    const secrets = new Set(found.map(({ says }) => says.split(/[ ,]/)[0]))
    expect(secrets).toEqual(
      new Set([
        'certs.etcd.key',
        'certs.k8s.key',
        'certs.k8saggregator.key',
        'certs.k8sserviceaccount.key',
        'certs.os.key',
        'cluster.id',
        'cluster.secret',
        'secrets.bootstraptoken',
        'secrets.secretboxencryptionsecret',
        'trustdinfo.token',
      ]),
    )
  })

  test.each([
    ['as a file within JSON', (pem: string) => JSON.stringify({ key: pem })],
    ['between the lines of the file, joined', (pem: string) => derOf(pem).toString('base64')],
    ['as bytes', derOf],
    ['as hexadecimal', (pem: string) => derOf(pem).toString('hex').toUpperCase()],
    [
      'as base64url of the file with something before it',
      (pem: string) => Buffer.from(`a:${pem}`).toString('base64url'),
    ],
    ['without its beginning', (pem: string) => derOf(pem).subarray(10)],
  ])('finds a key %s', (_, dressed) => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    for (const key of [rsa, privateKey]) {
      const pem = String(key.export({ type: 'pkcs8', format: 'pem' }))
      const hay = Buffer.concat([randomBytes(99), Buffer.from(dressed(pem)), randomBytes(99)])
      expect(new NeedleSearch(keyNeedles('key', pem)).find(hay)).not.toEqual([])
    }
  })

  test('finds what is public of the agent in its enrolment', () => {
    const { recipient, joinToken } = creation.enrolment
    const found = finds([
      ...needlesFor('recipient', Buffer.from(recipient)),
      ...needlesFor('token', Buffer.from(joinToken)),
    ])
    expect(found).toContain('relay over HTTP: recipient, raw')
    expect(found).toContain('relay over HTTP: token, raw')
  })
})

describe('nowhere in the cloud, on the wire or in a log is', () => {
  test('any secret of the bundle', () => {
    expect(finds(bundleNeedles(creation.bundle))).toEqual([])
  })

  test('the key of a kubeconfig', () => {
    const { users } = parse(creation.kubeconfig) as { users: { user: Record<'client-key-data', string> }[] }
    const pem = Buffer.from(users[0]!.user['client-key-data'], 'base64').toString()
    expect(finds(keyNeedles('client key', pem))).toEqual([])
  })

  test('a machine configuration, as text or within JSON', () => {
    expect(creation.machineConfigs).toHaveLength(3)
    const needles = creation.machineConfigs.flatMap((config, index) => textNeedles(`configuration ${index}`, config))
    expect(finds(needles)).toEqual([])
  })

  test('a key of the agent, the recovery identity or the token of Proxmox', () => {
    const { identityKey, ageKey, recoveryIdentity, proxmoxToken } = creation.siteSecrets
    expect(
      finds([
        ...keyNeedles('identity key', identityKey),
        ...needlesFor('age key', Buffer.from(ageKey)),
        ...needlesFor('recovery identity', Buffer.from(recoveryIdentity)),
        ...needlesFor('token of Proxmox', Buffer.from(proxmoxToken)),
      ]),
    ).toEqual([])
  })

  test('the join token, once it was used', () => {
    const stored = finds(needlesFor('token', Buffer.from(creation.enrolment.joinToken)))
    expect(stored.filter((find) => !find.startsWith('relay over HTTP'))).toEqual([])
  })
})

describe("on the owner's machine", () => {
  test('[K2] an export has the secrets, the configuration of every node as it has it, and files for plain tools', () => {
    const { texts, modes } = creation.exported
    expect(parseSecretsBundle(texts['secrets.yaml'] ?? '')).toEqual({ ok: true, value: creation.bundle })
    const configs = Object.entries(texts).flatMap(([name, text]) =>
      /^(controlplane|worker)-/.test(name) ? [text] : [],
    )
    const asSeen = configs.map((text) => text.replaceAll('factory.talos.dev', creation.factoryHost))
    expect(asSeen.toSorted()).toEqual(creation.machineConfigs.toSorted())
    expect(modes).toEqual([0o700, ...modes.slice(1).map(() => 0o600)])

    const kubeconfig = parse(texts['kubeconfig'] ?? '') as { users: { user: Record<string, string> }[] }
    const certificate = Buffer.from(kubeconfig.users[0]?.user['client-certificate-data'] ?? '', 'base64')
    expect(new X509Certificate(certificate).subject).toBe('O=lanline:admin\nCN=owner')
    const { contexts } = parse(texts['talosconfig'] ?? '') as { contexts: Record<string, { endpoints: string[] }> }
    expect(Object.values(contexts)[0]?.endpoints).toHaveLength(3)
  })

  test('[K2] a recovery has the bundle of every cluster, for the owner only', () => {
    const { texts, modes } = creation.recovered
    expect(Object.values(texts).map((text) => parseSecretsBundle(text))).toEqual([{ ok: true, value: creation.bundle }])
    expect(Object.keys(texts)[0]).toMatch(/^secrets-home.*-v1\.yaml$/)
    expect(modes).toEqual([0o700, 0o600])
  })
})
