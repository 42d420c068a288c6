import type { Client } from '@connectrpc/connect'
import { timestampMs } from '@bufbuild/protobuf/wkt'
import { Secret } from '#core/base/secret.ts'
import { fileIn } from './archive.ts'
import type { Calls } from './calls.ts'
import { isAbsent, isMissingFile } from './errors.ts'
import type { NodeUpkeep, RebootMode } from './node-upkeep.ts'
import { RebootRequest_Mode, type MachineService } from './proto/machine_pb.js'
import type { StorageService } from './proto/storage_pb.js'
import type { TimeService } from './proto/time_pb.js'
import { allBytesOf, checkDone, theOnly } from './replies.ts'

/** A file of /proc or a log; more would be a disk image. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024
/** A kubeconfig is 6 KB, packed. */
const MAX_KUBECONFIG_BYTES = 1024 * 1024
const KIB = 1024

const REBOOT_MODES: Readonly<Record<RebootMode, RebootRequest_Mode>> = {
  default: RebootRequest_Mode.DEFAULT,
  powercycle: RebootRequest_Mode.POWERCYCLE,
  force: RebootRequest_Mode.FORCE,
}

export interface UpkeepClients {
  readonly machine: Client<typeof MachineService>
  readonly storage: Client<typeof StorageService>
  readonly time: Client<typeof TimeService>
}

/** `NodeUpkeep` over gRPC, but for what `upgrade.ts` does. */
export function nodeUpkeep(
  { machine, storage, time }: UpkeepClients,
  calls: Calls,
): Omit<NodeUpkeep, 'upgrade' | 'pullImage'> {
  const { read, effect } = calls
  return {
    rollback: (signal) => effect('rollback', signal, async (options) => checkDone(await machine.rollback({}, options))),
    reboot: (mode, signal) =>
      effect('reboot', signal, async (options) => {
        const { messages } = await machine.reboot({ mode: REBOOT_MODES[mode] }, options)
        return theOnly(messages).actorId
      }),
    restartService: (id, signal) =>
      effect('restartService', signal, async (options) => checkDone(await machine.serviceRestart({ id }, options))),

    disks: (signal) =>
      read('disks', signal, async (options) =>
        theOnly((await storage.disks({}, options)).messages).disks.map((disk) => ({
          path: disk.deviceName,
          sizeBytes: Number(disk.size),
          model: disk.model,
          serial: disk.serial,
          wwid: disk.wwid,
          system: disk.systemDisk,
          readonly: disk.readonly,
        })),
      ),
    wipeDisk: (device, signal) =>
      effect('wipeDisk', signal, async (options) =>
        checkDone(await storage.blockDeviceWipe({ devices: [{ device }] }, options)),
      ),
    writeMeta: (key, value, signal) =>
      effect('writeMeta', signal, async (options) => {
        checkDone(await machine.metaWrite({ key, value: new TextEncoder().encode(value) }, options))
      }),
    deleteMeta: (key, signal) =>
      effect('deleteMeta', signal, async (options) => {
        try {
          checkDone(await machine.metaDelete({ key }, options))
        } catch (error) {
          if (!isAbsent(error)) throw error
        }
      }),

    load: (signal) =>
      read('load', signal, async (options) => {
        const [system, memory, load] = await Promise.all([
          machine.systemStat({}, options),
          machine.memory({}, options),
          machine.loadAvg({}, options),
        ])
        const { meminfo } = theOnly(memory.messages)
        const { load1, load5, load15 } = theOnly(load.messages)
        return {
          bootedAt: Number(theOnly(system.messages).bootTime) * 1000,
          memoryBytes: Number(meminfo?.memtotal ?? 0n) * KIB,
          availableBytes: Number(meminfo?.memavailable ?? 0n) * KIB,
          averages: [load1, load5, load15],
        }
      }),
    clock: (signal) =>
      read('clock', signal, async (options) => {
        const { server, localtime, remotetime } = theOnly((await time.time({}, options)).messages)
        if (!localtime || !remotetime) throw new Error('the node did not say what time it is')
        return { server, nodeAt: timestampMs(localtime), serverAt: timestampMs(remotetime) }
      }),
    readFile: (path, signal) =>
      read('readFile', signal, async (options) => {
        try {
          return await allBytesOf(machine.read({ path }, options), MAX_FILE_BYTES)
        } catch (error) {
          if (isMissingFile(error)) return undefined
          throw error
        }
      }),

    kubeconfig: (signal) =>
      read('kubeconfig', signal, async (options) => {
        const archive = await allBytesOf(machine.kubeconfig({}, options), MAX_KUBECONFIG_BYTES)
        return new Secret(fileIn(archive, 'kubeconfig'))
      }),
    clientConfiguration: ({ roles, lifetimeMs }, signal) =>
      read('clientConfiguration', signal, async (options) => {
        const crtTtl = { seconds: BigInt(Math.floor(lifetimeMs / 1000)), nanos: 0 }
        const made = theOnly(
          (await machine.generateClientConfiguration({ roles: [...roles], crtTtl }, options)).messages,
        )
        return {
          ca: textOf(made.ca),
          cert: textOf(made.crt),
          key: new Secret(textOf(made.key)),
          talosconfig: new Secret(textOf(made.talosconfig)),
        }
      }),
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
