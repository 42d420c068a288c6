import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fromBinary } from '@bufbuild/protobuf'
import { parse } from 'yaml'
import { EventType, LabelTerm_Operation as Operation } from '#lab/talos/proto/cosi_pb.js'
import { MemberSchema, ResourceDefinitionSchema } from '#lab/talos/proto/specs_pb.js'
import { ResourceTable, type CosiDraft } from '#lab/talos/resource-table.ts'
import { define } from '#lab/talos/resources/define.ts'
import { newBundle, type Bundle } from './support/bundle.ts'
import { all, refusalOf, secure } from './support/client.ts'
import { bringUp, configure, nodeOf } from './support/cluster.ts'
import { aGuest, aGuestWith, newSite, until, type Site } from './support/site.ts'

let site: Site
let bundle: Bundle
beforeEach(async () => {
  site = newSite()
  bundle = await newBundle()
})
afterEach(() => site.close())

const guest = aGuest(1)
const services = { namespace: 'runtime', type: 'Services.v1alpha1.talos.dev' }

describe('definitions of resources', () => {
  test('name a type in the singular, by its capitals and without its end, as COSI does', () => {
    const { displayType, aliases, allAliases } = define('runtime', 'MachineStatuses.runtime.talos.dev')
    expect({ displayType, aliases, allAliases }).toEqual({
      displayType: 'MachineStatus',
      aliases: ['machinestatus', 'ms'],
      allAliases: [
        'machinestatuses',
        'machinestatuses.runtime',
        'machinestatuses.runtime.talos',
        'machinestatus',
        'ms',
      ],
    })
    expect(define('config', 'MachineConfigs.config.talos.dev').aliases).toEqual(['machineconfig', 'mc', 'mcs'])
    expect(define('cluster', 'Identities.cluster.talos.dev').displayType).toBe('Identity')
    expect(define('network', 'DNSResolveCaches.net.talos.dev').displayType).toBe('DNSResolveCache')
    expect(define('network', 'LinkRefreshes.net.talos.dev').displayType).toBe('LinkRefresh')
  })

  test('are resources themselves, in YAML and in the form that typed clients read', async () => {
    await configure(site, bundle, guest)
    const { state } = await secure(site.lan, guest.address, bundle)
    const listed = await all(state.list({ namespace: 'meta', type: 'ResourceDefinitions.meta.cosi.dev' }))
    const found = listed.find((one) => one.resource?.metadata?.id === 'machineconfigs.config.talos.dev')?.resource
    expect(parse(found?.spec?.yamlSpec ?? '')).toMatchObject({ sensitivity: 'sensitive', defaultNamespace: 'config' })
    const typed = fromBinary(ResourceDefinitionSchema, found?.spec?.protoSpec ?? new Uint8Array())
    expect(typed).toMatchObject({ resourceType: 'MachineConfigs.config.talos.dev', sensitivity: 1 })
  })

  test('of later minors are not there before, and reading such a type is refused by name', async () => {
    const bootIds = { namespace: 'runtime', type: 'BootIDs.runtime.talos.dev', id: 'boot-id' }
    for (const [number, version] of [['1', 'v1.13.9'] as const, ['2', 'v1.14.0'] as const]) {
      const other = aGuestWith(Number(number), version)
      await configure(site, bundle, other)
      const { state } = await secure(site.lan, other.address, bundle)
      const said = await refusalOf(state.get(bootIds))
      expect(said).toBe(
        version === 'v1.14.0'
          ? 'answered'
          : 'PermissionDenied: resource type "BootIDs.runtime.talos.dev" is not supported',
      )
    }
  })

  test('a member is told in the form that typed clients read', async () => {
    await bringUp(site, bundle, [guest])
    const { state } = await secure(site.lan, guest.address, bundle)
    const { resource } = await state.get({ namespace: 'cluster', type: 'Members.cluster.talos.dev', id: 'cp-1' })
    const member = fromBinary(MemberSchema, resource?.spec?.protoSpec ?? new Uint8Array())
    expect(member).toMatchObject({ hostname: 'cp-1', machineType: 2, controlPlane: { apiServerPort: 6443n } })
    expect([...(member.addresses[0]?.ip ?? [])]).toEqual([192, 168, 1, 51])
  })
})

describe('lists and watches', () => {
  test('select by id and by label', async () => {
    await configure(site, bundle, guest)
    const { state } = await secure(site.lan, guest.address, bundle)
    const ids = async (options: Parameters<typeof state.list>[0]['options']) =>
      (await all(state.list({ ...services, ...(options ? { options } : {}) }))).map((one) => one.resource?.metadata?.id)
    expect(await ids({ idQuery: { regexp: '^(apid|udevd)$' } })).toEqual(['apid', 'udevd'])
    const unlabelled = { key: 'x', op: Operation.EXISTS }
    expect(await ids({ labelQuery: [{ terms: [unlabelled] }] })).toEqual([])
    expect((await ids({ labelQuery: [{ terms: [{ ...unlabelled, invert: true }] }] })).length).toBeGreaterThan(3)
    expect(await refusalOf(all(state.list({ ...services, options: { idQuery: { regexp: '(' } } })))).toMatch(
      /^InvalidArgument/,
    )
  })

  test('a watch goes on behind a bookmark without missing anything, and refuses one of another boot', async () => {
    await configure(site, bundle, guest)
    await until(() => nodeOf(site, guest).services.healthy('kubelet'), 'the kubelet is up')
    const { state, machine } = await secure(site.lan, guest.address, bundle)
    const watch = (startFromBookmark: Uint8Array, stop: AbortController) =>
      state.watch({ ...services, apiVersion: 1, options: { startFromBookmark } }, { signal: stop.signal })
    let bookmark = new Uint8Array()
    const first = new AbortController()
    for await (const { event } of state.watch(
      { ...services, apiVersion: 1, options: { bootstrapContents: true, aggregated: true } },
      { signal: first.signal },
    )) {
      const last = event.at(-1)
      if (last?.eventType !== EventType.BOOTSTRAPPED) continue
      bookmark = new Uint8Array(last.bookmark ?? [])
      break
    }
    first.abort()
    expect(bookmark.length).toBeGreaterThan(0)
    await machine.serviceRestart({ id: 'kubelet' })
    // Nobody watched meanwhile, so the table looked only now and then; what it saw is not lost.
    await all(state.list(services))
    const second = new AbortController()
    const seen: string[] = []
    const watching = (async () => {
      for await (const { event } of watch(bookmark, second))
        for (const one of event) seen.push(one.resource?.metadata?.id ?? '')
    })().catch(() => undefined)
    nodeOf(site, guest).services.set('udevd', 'Failed', 'exited with 1')
    await until(() => seen.includes('udevd'), 'the change is seen')
    second.abort()
    await watching
    const strange = refusalOf(all(watch(new Uint8Array(16), new AbortController())))
    expect(await strange).toBe('FailedPrecondition: invalid watch bookmark')
  })

  test('one resource is watched from what it is now, or from its absence', async () => {
    await configure(site, bundle, guest)
    const { state } = await secure(site.lan, guest.address, bundle)
    const firstOf = async (id: string) => {
      const stop = new AbortController()
      for await (const { event } of state.watch({ ...services, id, apiVersion: 1 }, { signal: stop.signal }))
        if (event[0]) return event[0].eventType
      return undefined
    }
    expect(await firstOf('apid')).toBe(EventType.CREATED)
    expect(await firstOf('nobody')).toBe(EventType.DESTROYED)
    const bootstrapped = state.watch({ ...services, id: 'apid', options: { bootstrapContents: true } })
    expect(await refusalOf(all(bootstrapped))).toMatch(/^Unimplemented: bootstrap contents/)
  })
})

test('a table tells each change once, with old and new, and forgets what is gone', () => {
  let drafts: CosiDraft[] = []
  const table = new ResourceTable(
    () => 0,
    () => drafts,
  )
  const seen: string[] = []
  table.watch(
    (event) => seen.push(`${event.type} ${event.resource.id} v${event.resource.version}`),
    () => seen.push('end'),
  )
  const put = (...next: CosiDraft[]) => {
    drafts = next
    table.changed()
  }
  const a = (spec: unknown): CosiDraft => ({ namespace: 'n', type: 't', id: 'a', spec })
  put(a(1))
  put(a(1))
  put(a(2), { ...a(1), id: 'b' })
  put({ ...a(1), id: 'b' })
  table.end()
  put()
  expect(seen).toEqual(['created a v1', 'updated a v2', 'created b v1', 'destroyed a v2', 'end'])
})
