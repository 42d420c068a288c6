import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMachine } from '#agent/operations/machine-create.ts'
import { resizeMachine } from '#agent/operations/machine-resize.ts'
import { startMachine } from '#agent/operations/machine-start.ts'
import { edit, findGuest } from '#lab/proxmox/behind-the-back.ts'
import { crashAfterEachEffect } from '#test/support/crash-after-each-effect.ts'
import { aDiskShape, aNicShape } from '#test/support/hardware.ts'
import { aCreation, startProxmoxSite, type ProxmoxSite } from '#test/support/proxmox-site.ts'
import { aResize } from '#test/support/resizing.ts'
import { handlerContext } from '#test/support/step-journal.ts'

let site: ProxmoxSite
beforeEach(async () => {
  site = await startProxmoxSite()
})
afterEach(() => site.close())

async function running(of: ProxmoxSite): Promise<void> {
  await of.bringImage()
  await createMachine(of.deps)(aCreation(), handlerContext())
  await startMachine(of.deps)(aCreation(), handlerContext())
}
const vm = (of = site) => of.host.guests().find(({ vmid }) => vmid === 2001)!
const config = (key: string, of = site) => vm(of).config.get(key)
const resize = (...given: Parameters<typeof aResize>) => resizeMachine(site.deps)(aResize(...given), handlerContext())
const tasksOf = (type: string, of = site) => of.host.tasks().filter((task) => task.type === type)

describe('machine.resize', () => {
  test('memory and CPU take effect with one power cycle, and nothing waits afterwards', async () => {
    await running(site)
    expect(await resize({ memoryMiB: 16_384, cpu: 6 })).toEqual({ ok: true, value: { restarted: true } })
    expect([config('memory'), config('cores')]).toEqual(['16384', '6'])
    expect(vm().pending.size).toBe(0)
    expect(vm().running).toBeDefined()
    expect(tasksOf('qmshutdown')).toHaveLength(1)
  })

  test('without leave to restart, what needs a power cycle waits for one', async () => {
    await running(site)
    expect(await resize({ memoryMiB: 16_384 }, { restart: 'never' })).toEqual({ ok: true, value: { restarted: false } })
    expect(vm().pending.get('memory')).toBe('16384')
    expect(tasksOf('qmshutdown')).toEqual([])
  })

  test('tags, protection and start with the host change while it runs; tags of others stay', async () => {
    await running(site)
    edit(findGuest(site.host.cluster, '2001')!, { tags: 'backup;lanline;lanline-home;old' })
    const done = await resize({ tags: ['new'], protection: true, onboot: false }, { dropTags: ['old'] })
    expect(done).toEqual({ ok: true, value: { restarted: false } })
    expect(config('tags')).toBe('backup;lanline;lanline-home;new')
    expect([config('protection'), config('onboot')]).toEqual(['1', '0'])
    expect(tasksOf('qmshutdown')).toEqual([])
  })

  test('[pitfall 32] a card moves to another VLAN while the machine runs, and keeps its MAC', async () => {
    await running(site)
    expect(await resize({ nics: [aNicShape({ vlan: 30 })] })).toEqual({ ok: true, value: { restarted: false } })
    expect(config('net0')).toMatch(/^virtio=02:54:41:00:00:01,.*tag=30/)
    expect(tasksOf('qmshutdown')).toEqual([])
  })

  test('[pitfall 52] a disk grows to an absolute size, whatever is repeated; a larger one stays', async () => {
    await running(site)
    const grown = { disks: [aDiskShape({ sizeGiB: 80 })] }
    for (const _ of [1, 2]) expect(await resize(grown)).toMatchObject({ ok: true })
    expect(config('scsi0')).toContain('size=80G')
    expect(tasksOf('resize').filter(({ exit }) => exit === 'OK')).toHaveLength(2)
    // The API refuses to make a disk smaller; here it only would not be done.
    await resize({ disks: [aDiskShape({ sizeGiB: 60 })] })
    expect(config('scsi0')).toContain('size=80G')
  })

  test('a grown disk is used from the next boot on: asked to restart, it restarts though nothing waits', async () => {
    await running(site)
    const done = await resize({ disks: [aDiskShape({ sizeGiB: 80 })] }, { restart: 'always' })
    expect(done).toEqual({ ok: true, value: { restarted: true } })
    expect(tasksOf('qmshutdown')).toHaveLength(1)
  })

  test('[P21] what somebody changed by hand is changed back, and what they added stays', async () => {
    await running(site)
    const scsi0 = config('scsi0')!
    edit(findGuest(site.host.cluster, '2001')!, {
      memory: '4096',
      onboot: '0',
      name: 'other',
      description: 'mine now',
      boot: 'order=ide2;scsi0',
      net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,tag=7,rate=10,link_down=1',
      scsi0: scsi0.replace('cache=none', 'cache=writeback'),
    })
    expect(await resize()).toMatchObject({ ok: true })
    expect(await site.provider.findDrift(aResize())).toEqual({ ok: true, value: [] })
    expect(config('net0')).toContain('rate=10')
    expect(config('description')).toMatch(/machine: 6f3b[^]*mine now/)
  })

  test('[P7] a card with another MAC is left alone, and told', async () => {
    await running(site)
    const net0 = 'virtio=02:54:41:00:00:99,bridge=vmbr0,tag=7'
    edit(findGuest(site.host.cluster, '2001')!, { net0 })
    expect(await resize({}, { hardware: aResize({ nics: [aNicShape()] }).hardware })).toMatchObject({
      ok: false,
      error: { code: 'not-ours' },
    })
    expect(config('net0')).toBe(net0)
  })

  test('[P7] a guest with another UUID is not touched', async () => {
    await running(site)
    const machineId = '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f00ff'
    expect(await resize({ memoryMiB: 16_384 }, { machineId })).toMatchObject({ ok: false, error: { code: 'not-ours' } })
    expect(vm().pending.size).toBe(0)
    expect(config('memory')).toBe('8192')
  })

  test('a change that somebody makes meanwhile is not written over: it is looked at again', async () => {
    await running(site)
    site.host.faults.add({
      method: 'POST',
      path: /\/config$/,
      times: 1,
      effect: { kind: 'answer', status: 500, reason: 'checksum mismatch (file change by other user?)' },
    })
    expect(await resize({ memoryMiB: 16_384 })).toEqual({ ok: true, value: { restarted: true } })
    expect(config('memory')).toBe('16384')
  })

  const CALLS = [
    ['the change', 'POST', /\/config$/],
    ['the growth', 'PUT', /\/resize$/],
    ['the shutdown', 'POST', /\/status\/shutdown$/],
    ['the start', 'POST', /\/status\/start$/],
  ] as const
  test.each(CALLS.flatMap((call) => [true, false].map((workHappens) => [...call, workHappens] as const)))(
    '[pitfall 26] a lost answer to %s is looked after, and nothing is done twice (%s %s, done: %s)',
    async (_, method, path, workHappens) => {
      await running(site)
      site.host.faults.add({ method, path, times: 1, effect: { kind: 'connection-lost', workHappens } })
      const done = await resize({ memoryMiB: 16_384, disks: [aDiskShape({ sizeGiB: 80 })] }, { restart: 'always' })
      expect(done).toEqual({ ok: true, value: { restarted: true } })
      expect([config('memory'), vm().pending.size, vm().running !== undefined]).toEqual(['16384', 0, true])
      expect(config('scsi0')).toContain('size=80G')
      expect(tasksOf('qmshutdown')).toHaveLength(1)
    },
  )

  test('a host of 8.4 changes machines as one of 9.2 does', async () => {
    const older = await startProxmoxSite((host) => host.setUpLeastPrivilege(), '8.4')
    try {
      await running(older)
      edit(findGuest(older.host.cluster, '2001')!, { net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,tag=7' })
      const input = aResize({ memoryMiB: 16_384, disks: [aDiskShape({ sizeGiB: 80 })], tags: ['new'] })
      expect(await resizeMachine(older.deps)(input, handlerContext())).toEqual({ ok: true, value: { restarted: true } })
      expect(config('net0', older)).toBe('virtio=02:54:41:00:00:01,bridge=vmbr0,firewall=0')
      expect(await older.provider.findDrift(input)).toEqual({ ok: true, value: [] })
    } finally {
      await older.close()
    }
  })

  test('a machine that is off gets everything at once, and is on afterwards', async () => {
    await site.bringImage()
    await createMachine(site.deps)(aCreation(), handlerContext())
    expect(await resize({ memoryMiB: 16_384 }, { restart: 'always' })).toEqual({ ok: true, value: { restarted: true } })
    expect(config('memory')).toBe('16384')
    expect(vm().running).toBeDefined()
    expect(tasksOf('qmshutdown')).toEqual([])
  })

  test('a machine that is not there is not found', async () => {
    expect(await resize()).toMatchObject({ ok: false, error: { code: 'not-found' } })
  })

  test('[O10] killed after each effect, it converges on the same machine', async () => {
    const report = await crashAfterEachEffect(resizeMachine, async () => {
      const world = await startProxmoxSite()
      await running(world)
      return {
        deps: world.deps,
        input: aResize(
          { memoryMiB: 16_384, disks: [aDiskShape({ sizeGiB: 80 })], tags: ['new'] },
          { restart: 'always' },
        ),
        check(result) {
          expect(result).toEqual({ ok: true, value: { restarted: true } })
          expect(config('memory', world)).toBe('16384')
          expect(config('scsi0', world)).toContain('size=80G')
          expect(config('tags', world)).toContain('new')
          expect(vm(world).pending.size).toBe(0)
          expect(vm(world).running).toBeDefined()
          // A crash never costs a second restart.
          expect(tasksOf('qmshutdown', world)).toHaveLength(1)
        },
        close: () => world.close(),
      }
    })
    expect(report.effects).toEqual(
      expect.arrayContaining(['startChange', 'startGrowth', 'startShutdown', 'startPowerOn']),
    )
  }, 120_000)
})
