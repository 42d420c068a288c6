import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, describe, expect, test } from 'vitest'
import { installerProblem } from '#agent/talos/errors.ts'
import type { LifecycleServiceUpgradeResponse } from '#agent/talos/proto/lifecycle_pb.js'
import { hasLifecycle } from '#agent/talos/upgrade.ts'
import type { TalosAnswers } from '#test/support/talos-server.ts'
import { closeAll, nodeWith } from './our-node.ts'

const IMAGE = `factory.talos.dev/nocloud-installer/${'3'.repeat(64)}:v1.14.0`

afterEach(closeAll)

const said = (text: string) => ({ progress: { response: { case: 'message' as const, value: text } } })
const exit = (code: number) => ({ progress: { response: { case: 'exitCode' as const, value: code } } })
type Step = ReturnType<typeof said> | ReturnType<typeof exit>

/** A node of this version that pulls what it is told and whose installer goes through these steps. */
function aNodeOf(tag: string, steps: readonly Step[], differs: TalosAnswers = {}) {
  const asked: unknown[] = []
  const answers: TalosAnswers = {
    images: {
      async *pull({ imageRef, containerd }) {
        asked.push(['pull', imageRef, containerd?.driver, containerd?.namespace])
        yield { response: { case: 'pullProgress', value: { layerId: 'a' } } }
        yield { response: { case: 'name', value: imageRef } }
      },
    },
    lifecycle: {
      async *upgrade({ source, containerd }): AsyncGenerator<Partial<LifecycleServiceUpgradeResponse>> {
        asked.push(['lifecycle', source?.imageName, containerd?.driver, containerd?.namespace])
        yield* steps as LifecycleServiceUpgradeResponse[]
      },
    },
    ...differs,
    machine: {
      version: () => ({ messages: [{ version: { tag } }] }),
      upgrade: (request) => {
        asked.push(['legacy', request.image, request.stage, request.$unknown?.length ?? 0])
        return { messages: [{ actorId: 'actor-1' }] }
      },
      imagePull: ({ namespace, reference }) => {
        asked.push(['legacy pull', reference, namespace])
        return { messages: [{}] }
      },
      ...differs.machine,
    },
  }
  return { asked, answers }
}

describe('upgrading', () => {
  test.each([
    ['v1.12.11', false],
    ['v1.13.0-alpha.1', false],
    ['v1.13.0-beta.0', true],
    ['v1.13.9', true],
    ['v1.14.0-rc.1', true],
    ['v1.14.0', true],
    ['', true],
  ])('%s is asked by LifecycleService: %s', (tag, expected) => {
    expect(hasLifecycle(tag)).toBe(expected)
  })

  test('a Talos from 1.13 on pulls the image, runs its installer, and waits to be restarted', async () => {
    const { asked, answers } = aNodeOf('v1.13.9', [said('running\n'), said('\n'), said('done\n'), exit(0)])
    const node = await nodeWith(answers)
    const lines: string[] = []
    expect(await node.upgrade(IMAGE, { line: (text) => lines.push(text) })).toEqual({
      ok: true,
      value: { restarts: 'when-told', actorId: undefined },
    })
    expect(asked).toEqual([
      ['pull', IMAGE, 1, 1],
      ['lifecycle', IMAGE, 1, 1],
    ])
    expect(lines).toEqual(['running', 'done'])
  })

  test('an older Talos is told once, keeps its own checks of etcd, and restarts by itself', async () => {
    const { asked, answers } = aNodeOf('v1.12.11', [])
    const node = await nodeWith(answers)
    expect(await node.upgrade(IMAGE)).toEqual({ ok: true, value: { restarts: 'by-itself', actorId: 'actor-1' } })
    // Neither `preserve` (2) nor `force` (4) is on the wire.
    expect(asked).toEqual([['legacy', IMAGE, false, 0]])
  })

  test('an installer that ends with another exit code than zero has failed, and its last lines say why', async () => {
    const many = Array.from({ length: 30 }, (_, index) => said(`line ${index}`))
    const { answers } = aNodeOf('v1.13.9', [...many, exit(1)])
    const upgraded = await (await nodeWith(answers)).upgrade(IMAGE)
    expect(upgraded).toMatchObject({
      ok: false,
      error: { code: 'upgrade-failed', retry: 'later', facts: { exitCode: 1 } },
    })
    const output = !upgraded.ok && upgraded.error.facts['output']
    expect(output).toHaveLength(20)
    expect(output).toContain('line 29')
  })

  test.each([
    'host version 1.11.0 is too old to upgrade to Talos 1.14.0',
    'host version 1.14.0 is too new to downgrade to Talos 1.11.0',
    'version of Kubernetes 1.37.0 is too new to be used with Talos 1.13.0',
  ])('an installer that refuses the versions will go on refusing: %s', (line) => {
    const lines = ['running pre-flight checks', `error: ${line}`, 'Usage:']
    expect(installerProblem(1, lines, {})).toMatchObject({ code: 'upgrade-refused', retry: 'never' })
  })

  test('an installer of which no exit code came may have worked', async () => {
    const { answers } = aNodeOf('v1.13.9', [said('writing')])
    expect(await (await nodeWith(answers)).upgrade(IMAGE)).toMatchObject({
      ok: false,
      error: { code: 'outcome-unknown', retry: 'look-again' },
    })
  })

  test('an image that cannot be had is no reason to install', async () => {
    const { asked, answers } = aNodeOf('v1.13.9', [exit(0)], {
      images: {
        // oxlint-disable-next-line require-yield
        async *pull() {
          throw new ConnectError('error pulling image: not found', Code.NotFound)
        },
      },
    })
    expect(await (await nodeWith(answers)).upgrade(IMAGE)).toMatchObject({ error: { code: 'image-unavailable' } })
    expect(asked).toEqual([])
  })

  test('a pull whose answer was lost is simply repeated, and nothing was installed', async () => {
    const { asked, answers } = aNodeOf('v1.13.9', [exit(0)], {
      images: { pull: () => (async function* () {})() },
    })
    expect(await (await nodeWith(answers)).upgrade(IMAGE)).toMatchObject({ error: { retry: 'later' } })
    expect(asked).toEqual([])
  })

  test('images are fetched beforehand where they will run from, by old and new Talos', async () => {
    const done = { ok: true, value: undefined }
    const old = aNodeOf('v1.12.11', [])
    expect(await (await nodeWith(old.answers)).pullImage('k:v1', 'system')).toEqual(done)
    expect(old.asked).toEqual([['legacy pull', 'k:v1', 1]])
    const young = aNodeOf('v1.14.0', [])
    expect(await (await nodeWith(young.answers)).pullImage('s:v1', 'kubernetes')).toEqual(done)
    expect(young.asked).toEqual([['pull', 's:v1', 1, 2]])
  })

  test('an abort while the installer runs leaves the outcome unknown', async () => {
    const { answers } = aNodeOf('v1.13.9', [], {
      lifecycle: {
        async *upgrade(_, { signal }) {
          yield said('writing')
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        },
      },
    })
    const abort = new AbortController()
    const node = await nodeWith(answers)
    expect(await node.upgrade(IMAGE, { line: () => abort.abort() }, abort.signal)).toMatchObject({
      error: { code: 'outcome-unknown' },
    })
  })
})
