import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DirectRequest,
  encodeHead,
  encodeRecord,
  MAX_RECORD_BYTES,
  readHead,
  RECORD,
  RecordReader,
} from '#core/lane/direct.ts'
import { asksToImpersonate, fromCluster, isIntoPods, toCluster } from '#core/lane/direct-headers.ts'
import { toUtf8 } from '#core/base/utf8.ts'

describe('records', () => {
  test('come out whole and in order, however they are cut on the way', () => {
    const message = fc.record({ type: fc.constantFrom(1, 2, 8), payload: fc.uint8Array({ maxLength: 300 }) })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 20 }), fc.integer({ min: 1, max: 50 }), (messages, step) => {
        const bytes = messages.flatMap(({ type, payload }) => [...encodeRecord(type, payload)])
        const reader = new RecordReader()
        const read = []
        for (let at = 0; at < bytes.length; at += step) {
          reader.push(new Uint8Array(bytes.slice(at, at + step)))
          for (let next = reader.next(); next !== undefined; next = reader.next()) read.push(next)
        }
        expect(read).toEqual(messages)
      }),
    )
  })

  test('longer than anybody sends are refused before they are collected', () => {
    const reader = new RecordReader()
    const header = new Uint8Array(5)
    new DataView(header.buffer).setUint32(1, MAX_RECORD_BYTES + 1)
    reader.push(header)
    expect(reader.next()).toBe('too-long')
  })

  test('a head is read back, and nonsense is none', () => {
    const head: DirectRequest = { method: 'GET', path: '/api?x=ü', headers: [['accept', 'application/json']] }
    const reader = new RecordReader()
    reader.push(encodeHead(head))
    const record = reader.next()
    expect(typeof record === 'object' && readHead(DirectRequest, record)).toEqual(head)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (payload) => {
        expect(readHead(DirectRequest, { type: RECORD.head, payload })).toBeUndefined()
      }),
    )
    expect(readHead(DirectRequest, { type: RECORD.text, payload: toUtf8(JSON.stringify(head)) })).toBeUndefined()
  })
})

describe('headers of direct access', () => {
  const NEVER = [
    'authorization',
    'cookie',
    'impersonate-user',
    'impersonate-extra-scopes',
    'x-remote-user',
    'x-remote-group',
    'x-forwarded-for',
    'forwarded',
    'x-real-ip',
    'cf-connecting-ip',
    'proxy-authorization',
    'connection',
    'upgrade',
    'via',
    'host',
    'te',
    'transfer-encoding',
  ]

  test('[L9] nothing that says who somebody is, and nothing of one hop, passes to the cluster, in any case', () => {
    for (const name of NEVER.flatMap((one) => [one, one.toUpperCase()])) expect(toCluster([[name, 'x']])).toEqual([])
    fc.assert(
      fc.property(
        fc.constantFrom('Impersonate-', 'X-Remote-', 'impersonate-extra-'),
        fc.stringMatching(/^[a-z-]{0,12}$/),
        (prefix, rest) => {
          expect(toCluster([[prefix + rest, 'x']])).toEqual([])
        },
      ),
    )
    const passes: [string, string][] = [
      ['Accept', 'application/json'],
      ['Kubectl-Session', 's'],
      ['Sec-WebSocket-Protocol', 'v5.channel.k8s.io'],
    ]
    expect(toCluster(passes)).toEqual(passes)
  })

  test('[L9] a cluster sets no cookie and no policy at the address of the API', () => {
    expect(
      fromCluster([
        ['Set-Cookie', 'a'],
        ['Strict-Transport-Security', 'b'],
        ['ETag', 'c'],
      ]),
    ).toEqual([['ETag', 'c']])
  })

  test('[L9] a wish to be somebody else is recognised, and so is a way into a pod', () => {
    expect(
      ['Impersonate-User', 'impersonate-uid', 'IMPERSONATE-EXTRA-x'].map((name) => asksToImpersonate([[name, 'x']])),
    ).toEqual([true, true, true])
    const pods = '/api/v1/namespaces/a/pods/b'
    expect(
      [`${pods}/exec?command=x`, `${pods}/attach`, `${pods}/portforward`, `${pods}/log`, pods].map(isIntoPods),
    ).toEqual([true, true, true, false, false])
  })
})
