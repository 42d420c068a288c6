import { create, fromBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EventLog } from '#lab/talos/event-log.ts'
import { Journal } from '#lab/talos/journal.ts'
import {
  MachineStatusEventSchema,
  MachineStatusEvent_MachineStage as Stage,
  TaskEventSchema,
  type Event,
} from '#lab/talos/proto/events_pb.js'
import { newBundle, type Bundle } from './support/bundle.ts'
import { refusalOf, secure, textOf, all } from './support/client.ts'
import { bringUp, configure, nodeOf } from './support/cluster.ts'
import { aGuest, newSite, until, type Site } from './support/site.ts'

let site: Site
let bundle: Bundle
beforeEach(async () => {
  site = newSite()
  bundle = await newBundle()
})
afterEach(() => site.close())

const guest = aGuest(1)
/** What the events of one kind say; their type's address is Talos' own. */
const payloads = <D extends DescMessage>(events: readonly Event[], schema: D): MessageShape<D>[] =>
  events
    .filter((event) => event.data?.typeUrl === `talos/runtime/${schema.typeName}`)
    .map((event) => fromBinary(schema, event.data?.value ?? new Uint8Array()))

describe('events', () => {
  test('the first item is empty, the past comes when asked for, and then what happens', async () => {
    await configure(site, bundle, guest)
    const { machine } = await secure(site.lan, guest.address, bundle)
    const seen: Event[] = []
    const stop = new AbortController()
    const watching = (async () => {
      for await (const event of machine.events({ tailEvents: -1 }, { signal: stop.signal })) seen.push(event)
    })().catch(() => undefined)
    await until(() => seen.some((event) => event.data?.typeUrl.endsWith('ServiceStateEvent')), 'the past')
    const past = seen.length
    await machine.serviceRestart({ id: 'kubelet' })
    await until(() => seen.length > past, 'news')
    stop.abort()
    await watching
    expect(seen[0]?.id).toBe('')
    const ids = seen.slice(1).map((event) => event.id)
    expect(ids).toEqual([...ids].sort())
    expect(ids.every((id) => /^[0-9a-v]{20}$/.test(id))).toBe(true)
  })

  test('a reboot is told as stages and steps of its actor, and the stream breaks as a connection does', async () => {
    await bringUp(site, bundle, [guest])
    const { machine } = await secure(site.lan, guest.address, bundle)
    const seen: Event[] = []
    const watching = refusalOf(
      (async () => {
        for await (const event of machine.events({})) seen.push(event)
      })(),
    )
    await until(() => seen.length > 0, 'the hello')
    const [{ actorId } = { actorId: '' }] = (await machine.reboot({})).messages
    expect(await watching).toMatch(/^(Unavailable|Aborted|Internal|Canceled|Unknown)/)
    expect(payloads(seen, MachineStatusEventSchema)[0]?.stage).toBe(Stage.REBOOTING)
    const mine = seen.filter((event) => event.actorId === actorId)
    expect(payloads(mine, TaskEventSchema).map((one) => one.task)).toContain('stopAllServices')
  })

  test('a log answers the last ones, those after an id, and those of the last seconds', () => {
    let now = 1_000_000
    const log = new EventLog(() => now)
    const tell = (task: string) => log.emit(TaskEventSchema, create(TaskEventSchema, { task }))
    tell('a')
    now += 10_000
    tell('b')
    tell('c')
    const tasks = (tail: Parameters<EventLog['past']>[0]) =>
      log.past(tail).map((event) => fromBinary(TaskEventSchema, event.value).task)
    expect(tasks({})).toEqual([])
    expect(tasks({ events: -1 })).toEqual(['a', 'b', 'c'])
    expect(tasks({ events: 2 })).toEqual(['b', 'c'])
    expect(tasks({ id: log.past({ events: -1 })[0]?.id ?? '' })).toEqual(['b', 'c'])
    expect(tasks({ seconds: 5 })).toEqual(['b', 'c'])
  })
})

describe('the kernel’s ring and the logs of services', () => {
  test('tell what the node did', async () => {
    await bringUp(site, bundle, [guest])
    const { machine } = await secure(site.lan, guest.address, bundle)
    const dmesg = await textOf(machine.dmesg({}))
    expect(dmesg).toMatch(/^kern: {2}notice: \[\d{4}-\d\d-\d\dT[^\]]+\]: Linux version .*-talos/)
    expect(dmesg).toContain('[talos] booting Talos v1.13.9')
    expect(dmesg).toContain('[talos] service[etcd](Running)')
    const kubelet = await textOf(machine.logs({ id: 'kubelet', tailLines: -1 }))
    expect(kubelet).toContain('service kubelet: Health check successful')
    expect((await textOf(machine.logs({ id: 'kubelet', tailLines: 1 }))).trim().split('\n')).toHaveLength(1)
    expect(await refusalOf(all(machine.logs({ id: 'nobody', tailLines: -1 })))).toContain('was not registered')
    const [{ ids } = { ids: [] }] = (await machine.logsContainers({})).messages
    expect(ids).toEqual(expect.arrayContaining(['controller-runtime', 'dns-resolve-cache', 'etcd']))
  })

  test('a follower hears a new line, and nothing once the boot is over', async () => {
    const journal = new Journal(() => 0)
    journal.write('x', 'one')
    const follower = journal.read('x', { follow: true, tail: -1, signal: new AbortController().signal })
    expect((await follower.next()).value).toContain('one')
    const next = follower.next()
    journal.write('x', 'two')
    expect((await next).value).toContain('two')
    const last = follower.next()
    journal.end()
    expect((await last).done).toBe(true)
  })

  test('of very many lines the oldest go', async () => {
    const journal = new Journal(() => 0)
    for (let line = 0; line < 5_000; line += 1) journal.write('x', String(line))
    const kept = await all(journal.read('x', { follow: false, tail: -1, signal: new AbortController().signal }))
    expect(kept.length).toBeLessThan(5_000)
    expect(kept.at(-1)).toContain('4999')
  })

  test('a dmesg that is followed ends with the power', async () => {
    await configure(site, bundle, guest)
    const { machine } = await secure(site.lan, guest.address, bundle)
    const following = refusalOf(all(machine.dmesg({ follow: true })))
    await until(() => nodeOf(site, guest).services.healthy('kubelet'), 'something was said')
    await site.guests.powerOff(guest.uuid, 'stop')
    expect(await following).not.toBe('answered')
  })
})
