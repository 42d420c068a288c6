import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import { DURATION } from '../durations.ts'
import { installerOutput, readInstaller } from '../installer.ts'
import type { TalosNode } from '../node.ts'
import { LifecycleService, LifecycleServiceUpgradeResponseSchema } from '../proto/lifecycle_pb.js'
import { imageKey } from './images.ts'
import { beginInstallation, installedDisk } from './upgrade.ts'

/** What an installer exits with when it does not know what to do. */
const FAILURE = 1

/** Installing and upgrading since Talos 1.13: an installer runs, what it prints is streamed, and its exit code ends the stream. */
export function lifecycleService(router: ConnectRouter, node: TalosNode): void {
  const message = (text: string) =>
    create(LifecycleServiceUpgradeResponseSchema, { progress: { response: { case: 'message', value: `${text}\n` } } })
  const exit = (code: number) =>
    create(LifecycleServiceUpgradeResponseSchema, { progress: { response: { case: 'exitCode', value: code } } })

  router.service(LifecycleService, {
    install() {
      throw new ConnectError('machine is already installed', Code.AlreadyExists)
    },
    async *upgrade({ containerd, source }) {
      const disk = installedDisk(node)
      const reference = source?.imageName ?? ''
      if (reference === '') throw new ConnectError('installer image name is required', Code.InvalidArgument)
      beginInstallation(node)
      try {
        if (!disk.images.has(imageKey(containerd, reference)))
          throw new ConnectError(
            `installer image "${reference}" not found in containerd store: image "${reference}": not found`,
            Code.Unknown,
          )
        const system = readInstaller(reference)
        if (!system.ok) {
          yield message(`Error: ${reference} is no installer`)
          yield message('Usage:\n  installer install [flags]')
          yield exit(FAILURE)
          return
        }
        const lines = installerOutput(system.value, '/dev/sda')
        for (const line of lines) {
          await node.world.time.pass(DURATION.install / lines.length, node.signal)
          if (node.signal.aborted) throw new ConnectError('error reading from server: EOF', Code.Unavailable)
          node.journal.kernel(`[talos] ${line}`)
          yield message(line)
        }
        disk.next = system.value
        node.changed()
        yield exit(0)
      } finally {
        node.busyWith = undefined
      }
    },
  })
}
