import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { FaultRequest } from '#lab/faults.ts'
import type { Hold, HoldCode } from '#core/model/hold.ts'
import { complaints, foreignGuests } from '#tools/stage/census.ts'
import { apply, deleteCluster, findCluster, story, untilGone, untilReady } from '#tools/stage/clusters.ts'
import { until } from '#tools/stage/until.ts'
import { placedOn } from '../trip/support/ledger.ts'
import { untilMoment } from '../trip/support/moments.ts'
import { GONE_MS, READY_MS, useStage, withMachines, type Play } from '../trip/support/trip.ts'

/** What goes wrong on a site while a cluster is made: it ends ready, or waits and says for what. */
const stage = useStage()

const CREATE = { kind: 'hypervisor.call', method: 'POST', path: '^/nodes/[^/]+/qemu$' } as const
const START = { kind: 'hypervisor.call', method: 'POST', path: '^/nodes/[^/]+/qemu/\\d+/status/start$' } as const
const IMAGE = { kind: 'hypervisor.call', method: 'POST', path: '^/nodes/[^/]+/storage/[^/]+/download-url$' } as const

const broken = (workHappens: boolean) => ({ kind: 'answer', status: 596, reason: 'Broken pipe', workHappens }) as const
const lost = (workHappens: boolean) => ({ kind: 'connection-lost', workHappens }) as const
const TROUBLES: readonly { readonly what: string; readonly faults: readonly FaultRequest[] }[] = [
  {
    what: 'dies in the middle of downloading the image and then refuses creations with 500',
    faults: [
      { ...IMAGE, effect: { kind: 'task-dies', afterMs: 1_000 } },
      { ...CREATE, times: 2, effect: { kind: 'answer', status: 500, reason: 'got timeout' } },
    ],
  },
  {
    what: 'answers 596 to creations and makes them all the same, and loses the answers to starts',
    faults: [
      { ...CREATE, times: 3, effect: broken(true) },
      { ...START, times: 3, effect: lost(true) },
    ],
  },
  {
    what: 'loses the answers to creations, and answers 596 to starts and does nothing',
    faults: [
      { ...CREATE, times: 3, effect: lost(true) },
      { ...START, times: 3, effect: broken(false) },
    ],
  },
  {
    what: 'loses creations themselves, and dies in the middle of starting a machine',
    faults: [
      { ...CREATE, times: 3, effect: lost(false) },
      { ...START, effect: { kind: 'task-dies', afterMs: 300 } },
    ],
  },
]

/** A minute of the lab's time: every operation under way meets it. */
const AWAY_MS = 1_000

const machinesOf = (play: Play) => play.story.cluster.spec.controlPlane.machines

/** The site as it was found, for the next journey. */
async function removeAgain(play: Play): Promise<void> {
  play.site.lab.hypervisor.faults.clear()
  await deleteCluster(play.site.api, play.name)
  await untilGone(play.site.api, play.name, GONE_MS)
  expect(play.complaints({})).toEqual([])
}

const untilHeld = (play: Play, code: HoldCode, subject?: string): Promise<Hold> =>
  until(
    `${subject ?? 'something'} is held by ${code}`,
    READY_MS,
    async () =>
      (await findCluster(play.site.api, play.name))?.status.waiting.find(
        (hold) => hold.code === code && (subject === undefined || hold.subject === subject),
      ),
    () => story(play.site.api, play.name),
  )

describe.concurrent('a Proxmox that', () => {
  test.each(TROUBLES)('[O20] $what costs time and nothing else', ({ faults }) =>
    stage.onSomeSite(async (play) => {
      for (const fault of faults) expect(await play.site.lab.faults.make(fault)).toEqual({ ok: true, value: undefined })
      await apply(play.site.api, [play.story.cluster])
      await untilReady(play.site.api, play.name, READY_MS)
      expect(play.complaints(machinesOf(play))).toEqual([])
      await removeAgain(play)
    }),
  )

  test('is away in mid-creation is waited for', () =>
    stage.onSomeSite(async (play) => {
      await apply(play.site.api, [play.story.cluster])
      await untilMoment(play, 'creating')
      play.site.lab.hypervisor.setOnline(false)
      await wait(AWAY_MS)
      play.site.lab.hypervisor.setOnline(true)
      await untilReady(play.site.api, play.name, READY_MS)
      expect(play.complaints(machinesOf(play))).toEqual([])
      await removeAgain(play)
    }))

  test('[P7] dies in the middle of a creation leaves a guest that is named, not removed by guessing', async () => {
    const play = await stage.play('-half-made')
    const { lab, api } = play.site
    await lab.faults.make({ ...CREATE, effect: { kind: 'task-dies', afterMs: 100 } })
    await apply(api, [play.story.cluster])
    const named = await untilHeld(play, 'machine-unclear')
    const halfMade = lab.hypervisor.guests().find((guest) => guest.config.get('lock') === 'create')
    expect(named.facts).toMatchObject({ vmid: halfMade?.vmid })

    await deleteCluster(api, play.name)
    await until('only the half-made one is left', READY_MS, () => {
      const left = lab.hypervisor.guests().filter((guest) => !guest.foreign)
      return left.length === 1 && left[0] === halfMade
    })
    const stuck = await untilHeld(play, 'needs-human', named.subject)
    expect(stuck.facts).toMatchObject({ kind: 'machine.remove', problem: 'not-ours' })
    expect((await api.send('POST', `/v1/operations/${String(stuck.facts['operationId'])}/abandon`)).status).toBe(200)
    await untilGone(api, play.name, GONE_MS)
    expect(complaints(lab, { machines: {}, foreign: foreignGuests(lab) })).toEqual([
      'guests are [?], wanted are []',
      `guest ${halfMade?.vmid} is left with the lock create`,
    ])
  })
})

describe.concurrent('something is in the way:', () => {
  test('an address that somebody answers on is named, and taken once it is free', () =>
    stage.onSomeSite(async (play) => {
      const { lan, hypervisor } = play.site.lab
      const address = '192.168.1.52'
      const claim = lan.claim({ address, mac: '00:11:22:33:44:55', owner: 'printer' })
      const serve = lan.serve(address, 80, hypervisor.port)
      await apply(play.site.api, [play.story.cluster])
      const hold = await untilHeld(play, 'operation-backoff', 'talos-node-1')
      expect(hold.facts).toMatchObject({ kind: 'machine.create', problem: 'address-in-use' })
      expect(lan.conflicts()).toEqual([])
      serve()
      claim()
      await untilReady(play.site.api, play.name, READY_MS)
      expect(play.complaints(machinesOf(play))).toEqual([])
      await removeAgain(play)
    }))

  test('[P7] a VMID that was taken meanwhile is named, and its new owner is left alone', async () => {
    const play = await stage.play('-vmid')
    const { lab, api } = play.site
    await lab.faults.make({ ...IMAGE, times: 1, effect: { kind: 'answer', status: 500, reason: 'got timeout' } })
    await apply(api, [play.story.cluster])
    await untilMoment(play, 'placed')
    lab.hypervisor.addForeignGuest({ vmid: 5001, name: 'intruder', cores: 1, memoryMiB: 512, running: true })
    const foreign = foreignGuests(lab)
    const hold = await untilHeld(play, 'needs-human', 'talos-node-1')
    expect(hold.facts).toMatchObject({ kind: 'machine.create', problem: 'vmid-taken' })
    await deleteCluster(api, play.name)
    await untilGone(api, play.name, GONE_MS)
    expect(complaints(lab, { machines: {}, foreign })).toEqual([])
    expect(await placedOn(play)).toEqual({ cpu: 0, memoryMiB: 0 })
  })

  test('[P5] a cluster that does not fit waits with the arithmetic, and nothing of it is made', () =>
    stage.onSomeSite(async (play) => {
      const { api } = play.site
      const { machineClass, cluster } = play.story
      const large = { ...machineClass, metadata: { name: 'cp-large' }, spec: { ...machineClass.spec, memory: '12Gi' } }
      const tooLarge = {
        ...cluster,
        spec: { ...cluster.spec, controlPlane: { ...cluster.spec.controlPlane, class: 'cp-large' } },
      }
      const dry = await api.send<{ plans: unknown }>('POST', '/v1/apply?dryRun=true', { documents: [large, tooLarge] })
      expect(dry.status).toBe(200)
      expect(JSON.stringify(dry.body.plans)).toContain('88Gi')
      expect(await findCluster(api, play.name)).toBeUndefined()

      await apply(api, [large, tooLarge])
      const hold = await untilHeld(play, 'not-placed', 'talos-node-2')
      expect(hold.facts['problem']).toBe('no-capacity')
      expect(hold.facts['arithmetic']).toMatch(/memory 88Gi − 8Gi host − 24Gi growth − 32Gi other guests/)
      expect(play.complaints({})).toEqual([])
      expect(await placedOn(play)).toEqual({ cpu: 0, memoryMiB: 0 })

      await apply(api, [cluster])
      await untilReady(api, play.name, READY_MS)
      expect(play.complaints(machinesOf(play))).toEqual([])
      await removeAgain(play)
    }))

  test('an agent that is away in mid-creation is said to be, and goes on when it is back', () =>
    stage.onSomeSite(async (play) => {
      await apply(play.site.api, [play.story.cluster])
      await untilMoment(play, 'creating')
      await play.site.agent().stop('SIGKILL')
      await untilHeld(play, 'agent-offline', play.site.name)
      play.site.startAgent()
      await untilReady(play.site.api, play.name, READY_MS)
      expect(play.complaints(machinesOf(play))).toEqual([])
      await removeAgain(play)
    }))
})

describe('documents with mistakes', () => {
  test('are refused with a pointer to each, and none of them is applied', () =>
    stage.onSomeSite(async (play) => {
      const { api } = play.site
      const { machineClass, cluster } = play.story
      const outside = withMachines(play.story, { ...machinesOf(play), 'talos-node-2': '192.168.2.53' })
      const typo = { ...cluster, spec: { ...cluster.spec, endpiont: { vip: '192.168.1.50' } } }
      const another = { ...machineClass, metadata: { name: 'another' } }

      const refused = async (documents: readonly unknown[]) => {
        const { status, body } = await api.send<{ errors?: readonly { pointer: string; message: string }[] }>(
          'POST',
          '/v1/apply',
          { documents },
        )
        return { status, pointers: (body.errors ?? []).map((error) => error.pointer) }
      }
      expect(await refused([another, outside])).toEqual({
        status: 422,
        pointers: ['/documents/1/spec/controlPlane/machines/talos-node-2'],
      })
      expect(await refused([another, typo])).toEqual({ status: 422, pointers: ['/documents/1/spec/endpiont'] })
      expect(await findCluster(api, play.name)).toBeUndefined()
      expect(await api.find('/v1/machineclasses/another')).toBeUndefined()
      expect(play.complaints({})).toEqual([])
    }))
})
