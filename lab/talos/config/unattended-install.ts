import type { LoadedDocument } from './load.ts'
import type { UnattendedInstall } from './node-config.ts'
import { Reader } from './reader.ts'

/** `disk.dev_path == "/dev/sda"`, as the generator writes a path. */
const PATH = /^\s*disk\.dev_path\s*==\s*["']([^"']+)["']\s*$/

/** Whether it reboots is said by `reboot`, and where that is silent, by whether an installer is named. */
export function readUnattendedInstall(documents: readonly LoadedDocument[]): UnattendedInstall | undefined {
  const document = documents.find(({ kind }) => kind === 'UnattendedInstallConfig')
  if (!document) return undefined
  const r = new Reader(document.body)
  const image = r.text('installer.image')
  const diskPath = PATH.exec(r.text('provisioning.diskSelector.match'))?.[1]
  return { image, diskPath, reboots: r.flag('reboot', image !== '') }
}
