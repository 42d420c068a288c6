import { createHash, X509Certificate } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { Secret } from '#core/base/secret.ts'
import { talosNode, type TalosNodeOptions } from '#agent/talos/grpc-node.ts'
import { servingCertificate } from '#test/support/serving-certificate.ts'
import { aResource, dialerTo, startTalosServer } from '#test/support/talos-server.ts'
import { ADDRESS, closeAll, closeLater } from './our-node.ts'

const UUID = '4c4c4544-0000-4000-8000-000000000001'
const CONFIG = new Secret('version: v1alpha1')

afterEach(closeAll)

/** A machine without a configuration, which says that it is this one, and our client of it. */
async function aMachine(claims: string, options: (pin: string) => Partial<TalosNodeOptions>) {
  const serving = await servingCertificate({ addresses: [ADDRESS] })
  const taken: string[] = []
  const server = await startTalosServer({
    serving,
    answers: {
      state: { get: () => ({ resource: aResource(`uuid: ${claims}`) }) },
      machine: {
        applyConfiguration: ({ data }) => {
          taken.push(Buffer.from(data).toString())
          return { messages: [{}] }
        },
      },
    },
  })
  closeLater(server)
  // As `openssl x509 -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64` says it.
  const key = new X509Certificate(serving.cert).publicKey.export({ type: 'spki', format: 'der' })
  const pin = createHash('sha256').update(key).digest('base64')
  const dialer = dialerTo(new Map([[ADDRESS, server.port]]))
  const node = talosNode({ dialer, address: ADDRESS, credentials: 'maintenance', ...options(pin) })
  closeLater(node)
  return { node, taken, dialer }
}

describe('a machine in maintenance', () => {
  test('[P7] gets a configuration when it is the one meant, on the connection on which it said so', async () => {
    const { node, taken, dialer } = await aMachine(UUID, () => ({ uuid: UUID.toUpperCase() }))
    expect((await node.applyConfiguration(CONFIG, 'auto')).ok).toBe(true)
    expect(taken).toEqual(['version: v1alpha1'])
    expect(dialer.dialled).toHaveLength(1)
  })

  test('[P7] that is another one gets nothing', async () => {
    const { node, taken } = await aMachine('4c4c4544-0000-4000-8000-0000000000ff', () => ({ uuid: UUID }))
    expect(await node.applyConfiguration(CONFIG, 'auto')).toMatchObject({
      ok: false,
      error: { code: 'node-foreign', retry: 'never', facts: { machineId: UUID } },
    })
    expect(taken).toEqual([])
  })

  test('that shows the key a person read off its console is spoken to', async () => {
    const { node } = await aMachine(UUID, (spkiPin) => ({ spkiPin }))
    expect(await node.readIdentity()).toEqual({ ok: true, value: { uuid: UUID } })
  })

  test('that shows another key is not asked for anything', async () => {
    const { node, taken } = await aMachine(UUID, () => ({ spkiPin: 'A'.repeat(43) + '=' }))
    expect(await node.readIdentity()).toMatchObject({
      ok: false,
      error: { code: 'node-foreign', retry: 'never', facts: { reason: 'other-key' } },
    })
    expect(await node.applyConfiguration(CONFIG, 'auto')).toMatchObject({ error: { code: 'node-foreign' } })
    expect(taken).toEqual([])
  })
})
