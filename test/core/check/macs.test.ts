import { describe, expect, test } from 'vitest'
import { byKind } from '#core/check/documents.ts'
import { checkMacs } from '#core/check/macs.ts'
import { ClusterDocument, MachineClassDocument, type Document } from '#core/model/document.ts'
import { place } from '#core/placement/place.ts'
import { aCluster, aMachineClass, CLUSTER_UID } from '../../support/documents.ts'
import { seededRandom } from '../../support/random.ts'
import { aHost, aWideLedger, aWorkerRequest, seenHosts } from '../../support/site.ts'

/** MACs that documents fix. */
const MAC = 'BC:24:11:00:00:01'
const withMacs = (name: string, macs: Readonly<Record<string, string>>): Document => {
  const { apiVersion, kind, metadata, spec } = aCluster()
  const controlPlane = { ...spec.controlPlane, nics: [{ network: 'lan', macs }] }
  return ClusterDocument.parse({ apiVersion, kind, metadata: { ...metadata, name }, spec: { ...spec, controlPlane } })
}
const said = (document: Document, ...others: readonly Document[]) =>
  checkMacs(document, byKind([document, ...others])).map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('[P6] a MAC that a document fixes', () => {
  test('is one machine’s alone, whatever its case', () => {
    const twice = withMacs('home', { 'cp-1': MAC, 'cp-2': MAC.toLowerCase() })
    expect(said(twice)).toEqual([
      'spec.controlPlane.nics.0.macs.cp-2: BC:24:11:00:00:01 is already the MAC of the machine cp-1',
    ])
    expect(said(withMacs('home', { 'cp-1': MAC }), withMacs('work', { 'cp-3': MAC }))).toEqual([
      'spec.controlPlane.nics.0.macs.cp-1: BC:24:11:00:00:01 is already the MAC of the machine cp-3 of cluster work',
    ])
    expect(said(withMacs('home', { 'cp-1': MAC }), withMacs('work', { 'cp-1': 'BC:24:11:00:00:02' }))).toEqual([])
  })

  test('is of a machine that the document has', () => {
    expect(said(withMacs('home', { 'cp-4': MAC }))).toEqual([
      'spec.controlPlane.nics.0.macs.cp-4: no machine here is called "cp-4"',
    ])
  })

  test.each(['BC:24:11:00:00', 'BD:24:11:00:00:01', 'BC-24-11-00-00-01', ''])('is not %j', (mac) => {
    expect(() => withMacs('home', { 'cp-1': mac })).toThrow('must be the MAC of one machine')
  })

  test('is not given away when somebody is seen with it, and is given as it stands otherwise', () => {
    const hosts = [aHost('a')]
    const placed = (macs: readonly string[]) => {
      const guest = { host: 'a', vmid: 100, name: 'nas', cpu: 1, memoryMiB: 1024, running: true, macs: [...macs] }
      const ledger = aWideLedger(hosts, { seen: seenHosts(hosts, { guests: [guest] }) })
      const requests = [aWorkerRequest('w-0', { nics: [{ network: 'lan', mac: MAC }] })]
      return place(CLUSTER_UID, requests, ledger, seededRandom(1).bytes)
    }
    expect(placed([MAC.toLowerCase()])).toMatchObject({
      ok: false,
      refusals: [{ problem: { code: 'mac-taken', facts: { mac: MAC, by: 'nas' } } }],
    })
    expect(placed([])).toMatchObject({ ok: true, placements: [{ nics: [{ mac: MAC }] }] })
  })
})

test('a class that cannot be is refused with one sentence at each field', () => {
  const spec = { ...aMachineClass().spec, firmware: 'seabios', secureBoot: true, pool: 'a b' }
  const { apiVersion, kind, metadata } = aMachineClass()
  const parsed = MachineClassDocument.safeParse({ apiVersion, kind, metadata, spec })
  expect(parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
    'spec.pool: must be a pool like lanline or home/lanline',
    'spec.secureBoot: secure boot needs the firmware ovmf',
  ])
})
