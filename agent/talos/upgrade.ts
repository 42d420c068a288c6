import type { Client } from '@connectrpc/connect'
import semver from 'semver'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Facts, type Problem } from '#core/model/problem.ts'
import type { Calls } from './calls.ts'
import { installerProblem } from './errors.ts'
import type { ImageStore, NodeUpkeep, UpgradeFollower, Upgraded } from './node-upkeep.ts'
import { ContainerDriver, ContainerdNamespace } from './proto/common_pb.js'
import type { ImageService, LifecycleService } from './proto/lifecycle_pb.js'
import type { MachineService } from './proto/machine_pb.js'
import { checkDone, theOnly } from './replies.ts'
import { toVersion } from './shapes.ts'

/**
 * Pulling images and installing another Talos, the old way and the new one. Which of them a node knows is decided here and nowhere else, by
 * the version that runs on it.
 *
 * New: the image is pulled, its installer runs while we listen, and the restart is ours. The node checks nothing about
 * etcd. Old: one call that pulls, checks etcd and answers; the node then drains, installs and restarts alone. Its
 * options `preserve` and `force` would switch those checks off, and are never sent.
 */
export interface UpgradeClients {
  readonly machine: Client<typeof MachineService>
  readonly images: Client<typeof ImageService>
  readonly lifecycle: Client<typeof LifecycleService>
}

/** Source: cmd/talosctl/cmd/talos/upgrade.go of v1.14.0-rc.1. */
const HAS_LIFECYCLE = '>1.13.0-alpha.2'
/** Where the installer's image lies; it runs from there. Source: as above. */
const CONTAINERD = { driver: ContainerDriver.CRI, namespace: ContainerdNamespace.NS_SYSTEM }
const STORES: Readonly<Record<ImageStore, ContainerdNamespace>> = {
  system: ContainerdNamespace.NS_SYSTEM,
  kubernetes: ContainerdNamespace.NS_CRI,
}
/** The end of what an installer said; its usage text alone is twenty lines. */
const MAX_LAST_LINES = 20

/** A node that does not say a version is asked the new way: only those refuse what they cannot do. */
export const hasLifecycle = (tag: string): boolean =>
  semver.valid(tag) === null || semver.satisfies(tag, HAS_LIFECYCLE, { includePrerelease: true })

export function nodeImages(
  { machine, images, lifecycle }: UpgradeClients,
  calls: Calls,
): Pick<NodeUpkeep, 'upgrade' | 'pullImage'> {
  const { address, limits } = calls

  const runningVersion = (signal: AbortSignal | undefined) =>
    calls.read('version', signal, async (options) => toVersion(await machine.version({}, options)))

  /** Pulling twice is pulling once, so a lost answer is no unknown outcome. */
  const pull = (image: string, store: ContainerdNamespace, signal: AbortSignal | undefined) =>
    calls.read(
      'pullImage',
      signal,
      async (options) => {
        const asked = { containerd: { ...CONTAINERD, namespace: store }, imageRef: image }
        let name: string | undefined
        for await (const { response } of images.pull(asked, options))
          if (response.case === 'name') name = response.value
        if (name === undefined) throw new Error('the node did not say that it has the image')
      },
      limits.pullMs,
    )

  const pullTheOldWay = (image: string, store: ContainerdNamespace, signal: AbortSignal | undefined) =>
    calls.read(
      'pullImage',
      signal,
      async (options) => checkDone(await machine.imagePull({ namespace: store, reference: image }, options)),
      limits.pullMs,
    )

  function install(
    image: string,
    follow: UpgradeFollower | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Result<void, Problem>> {
    const facts: Facts = { address, call: 'upgrade', image }
    const asked = { name: 'upgrade', kind: 'effect', signal, timeoutMs: limits.installMs } as const
    return calls.attempt(asked, async (options) => {
      const last: string[] = []
      let exitCode: number | undefined
      const progress = lifecycle.upgrade({ containerd: CONTAINERD, source: { imageName: image } }, options)
      for await (const { progress: step } of progress) {
        if (step?.response.case === 'exitCode') exitCode = step.response.value
        if (step?.response.case !== 'message') continue
        const line = step.response.value.trimEnd()
        if (line === '') continue
        if (last.push(line) > MAX_LAST_LINES) last.shift()
        follow?.line(line)
      }
      if (exitCode === 0) return ok(undefined)
      if (exitCode === undefined) return err(problem('outcome-unknown', { ...facts, reason: 'no exit code came' }))
      return err(installerProblem(exitCode, last, facts))
    })
  }

  const upgradeTheOldWay = (image: string, signal: AbortSignal | undefined) =>
    calls.effect(
      'upgrade',
      signal,
      async (options): Promise<Upgraded> => {
        const { actorId } = theOnly((await machine.upgrade({ image }, options)).messages)
        return { restarts: 'by-itself', actorId: actorId || undefined }
      },
      limits.pullMs,
    )

  return {
    async upgrade(image, follow, signal) {
      const running = await runningVersion(signal)
      if (!running.ok) return running
      if (!hasLifecycle(running.value.tag)) return upgradeTheOldWay(image, signal)
      const pulled = await pull(image, CONTAINERD.namespace, signal)
      if (!pulled.ok) return pulled
      const installed = await install(image, follow, signal)
      return installed.ok ? ok({ restarts: 'when-told', actorId: undefined }) : installed
    },
    async pullImage(image, store, signal) {
      const running = await runningVersion(signal)
      if (!running.ok) return running
      const way = hasLifecycle(running.value.tag) ? pull : pullTheOldWay
      return way(image, STORES[store], signal)
    },
  }
}
