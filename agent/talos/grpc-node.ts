import { create } from '@bufbuild/protobuf'
import { createClient, type CallOptions } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import type { Clock } from '#core/base/clock.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { Secret } from '#core/base/secret.ts'
import { realClock } from '../clock.ts'
import type { Dialer } from '../dialer.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import { createCalls } from './calls.ts'
import { getResource } from './cosi.ts'
import { isAbsent, isAlreadyBootstrapped } from './errors.ts'
import { nodeEtcdCare } from './etcd-care.ts'
import { MAX_MESSAGE_BYTES, TALOS_LIMITS, type TalosLimits } from './limits.ts'
import type { ApplyMode, ResetWipe, TalosNode } from './node.ts'
import { ImageService, LifecycleService } from './proto/lifecycle_pb.js'
import { ApplyConfigurationRequest_Mode as Mode, MachineService, ResetPartitionSpecSchema } from './proto/machine_pb.js'
import { State } from './proto/state_pb.js'
import { StorageService } from './proto/storage_pb.js'
import { TimeService } from './proto/time_pb.js'
import { checkDone, theOnly } from './replies.ts'
import { RESOURCES, type ResourceKind } from './resource-types.ts'
import { nodeResources } from './resources.ts'
import { openSessions } from './sessions.ts'
import * as shapes from './shapes.ts'
import { nodeStreams } from './streams.ts'
import { nodeImages } from './upgrade.ts'
import { nodeUpkeep } from './upkeep.ts'

/** A Talos node over its gRPC API. See `TalosNode` for what each call promises. */
export interface TalosNodeOptions {
  readonly dialer: Dialer
  readonly address: string
  /** `maintenance` for a node without a configuration: no certificate on either side. */
  readonly credentials: ClientIdentity | 'maintenance'
  /** The machine that must answer before a configuration is sent to it, by its SMBIOS UUID. */
  readonly uuid?: string | undefined
  /** In maintenance: base64 of the SHA-256 of the key the machine must show, as its console prints it. */
  readonly spkiPin?: string | undefined
  /** What differs from `TALOS_LIMITS`. */
  readonly limits?: Partial<TalosLimits> | undefined
  /** For the pauses of watches. */
  readonly clock?: Clock | undefined
}

/** Where the kernel says it, for a Talos before 1.14. Source: cmd/talosctl/pkg/talos/action/node.go. */
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id'

/** Partitions by label that a reset erases; without any the whole system disk is meant. */
const RESET_PARTITIONS: Readonly<Record<ResetWipe, readonly string[]>> = {
  data: ['STATE', 'EPHEMERAL'],
  ephemeral: ['EPHEMERAL'],
  'system-disk': [],
}

const APPLY_MODES: Readonly<Record<ApplyMode, Mode>> = {
  auto: Mode.AUTO,
  'no-reboot': Mode.NO_REBOOT,
  staged: Mode.STAGED,
  try: Mode.TRY,
}

/** Opens no connection yet; the first call does. Close it when done. */
export function talosNode({ uuid, clock = realClock, limits: differing, ...target }: TalosNodeOptions): TalosNode {
  const { address } = target
  const limits = { ...TALOS_LIMITS, ...differing }
  const sessions = openSessions(target)
  const transport = createGrpcTransport({
    baseUrl: sessions.authority,
    sessionManager: sessions,
    readMaxBytes: MAX_MESSAGE_BYTES,
    writeMaxBytes: MAX_MESSAGE_BYTES,
    // Talos compresses nothing; what unpacks to more than it says has no place here.
    acceptCompression: [],
  })
  const machine = createClient(MachineService, transport)
  const state = createClient(State, transport)
  const storage = createClient(StorageService, transport)
  const time = createClient(TimeService, transport)
  const images = createClient(ImageService, transport)
  const lifecycle = createClient(LifecycleService, transport)
  const calls = createCalls(address, limits, () => sessions.renew())
  const { read, effect } = calls
  const resources = nodeResources(state, calls, clock)
  const upkeep = nodeUpkeep({ machine, storage, time }, calls)

  /** For what every node has: an absent one is a node that is not ready to tell. */
  const tell = async <T>(kind: ResourceKind<T> & { readonly id: string }, options: CallOptions) =>
    (await getResource(state, kind, kind.schema, options)).spec

  const readIdentity: TalosNode['readIdentity'] = (signal) =>
    read('readIdentity', signal, async (options) => ({ uuid: (await tell(RESOURCES.systemInformation, options)).uuid }))

  /** Asked on the connection that the configuration will go over: in maintenance it is held to one certificate. */
  async function checkIdentity(signal: AbortSignal | undefined): Promise<Result<unknown, Problem>> {
    const found = await readIdentity(signal)
    if (!found.ok || found.value.uuid === uuid?.toLowerCase()) return found
    return err(problem('node-foreign', { address, machineId: uuid ?? '', uuid: found.value.uuid }))
  }

  return {
    ...resources,
    ...nodeStreams(machine, calls),
    ...upkeep,
    ...nodeEtcdCare(machine, calls),
    ...nodeImages({ machine, images, lifecycle }, calls),

    address,
    readIdentity,
    version: (signal) =>
      read('version', signal, async (options) => shapes.toVersion(await machine.version({}, options))),
    machineStatus: (signal) => read('machineStatus', signal, (options) => tell(RESOURCES.machineStatus, options)),
    async bootId(signal) {
      const told = await resources.resource('bootId', signal)
      if (!told.ok) return told
      if (told.value) return ok(told.value.spec.bootID)
      const file = await upkeep.readFile(BOOT_ID_FILE, signal)
      if (!file.ok) return file
      const id = new TextDecoder().decode(file.value).trim()
      if (id !== '') return ok(id)
      return err(problem('check-failed', { address, check: 'bootId', reason: 'the node does not say' }))
    },
    serviceList: (signal) =>
      read('serviceList', signal, async (options) => shapes.toServices(await machine.serviceList({}, options))),
    async diagnostics(signal) {
      // talosctl, too, takes a node that cannot diagnose itself for one without findings.
      const found = await resources.resources('diagnostics', signal)
      return found.ok ? ok(found.value.map(({ id, spec }) => ({ id, message: spec.message }))) : found
    },
    activeConfig: (signal) =>
      read('activeConfig', signal, async (options) => new Secret(await tell(RESOURCES.activeConfig, options))),
    async *watchMachineStatus(signal) {
      const ending = new AbortController()
      const end = setTimeout(() => ending.abort(), limits.followMs)
      try {
        for await (const change of resources.watch('machineStatus', AbortSignal.any([signal, ending.signal]))) {
          if (!change.ok) yield change
          else if (change.value.is === 'put') yield ok(change.value.spec)
          else if (change.value.is === 'all') for (const { spec } of change.value.resources) yield ok(spec)
          else if (change.value.is === 'lost') return yield err(change.value.problem)
        }
      } finally {
        clearTimeout(end)
      }
    },

    async applyConfiguration(yaml, mode, signal) {
      const expected = uuid === undefined ? undefined : await checkIdentity(signal)
      if (expected?.ok === false) return expected
      return effect('applyConfiguration', signal, async (options) => {
        const data = new TextEncoder().encode(yaml.reveal())
        return shapes.toApplied(await machine.applyConfiguration({ data, mode: APPLY_MODES[mode] }, options))
      })
    },
    previewConfiguration: (yaml, mode, signal) =>
      read(
        'previewConfiguration',
        signal,
        async (options) => {
          const data = new TextEncoder().encode(yaml.reveal())
          const asked = { data, mode: APPLY_MODES[mode], dryRun: true }
          return new Secret(shapes.toApplied(await machine.applyConfiguration(asked, options)))
        },
        limits.effectMs,
      ),
    bootstrap: (signal) =>
      effect('bootstrap', signal, async (options) => {
        try {
          checkDone(await machine.bootstrap({}, options))
          return 'started' as const
        } catch (error) {
          if (isAlreadyBootstrapped(error)) return 'already-bootstrapped' as const
          throw error
        }
      }),

    etcdMembers: (signal) =>
      read('etcdMembers', signal, async (options) => shapes.toMembers(await machine.etcdMemberList({}, options))),
    etcdStatus: (signal) =>
      read('etcdStatus', signal, async (options) => shapes.toEtcdStatus(await machine.etcdStatus({}, options))),
    forfeitLeadership: (signal) =>
      effect('forfeitLeadership', signal, async (options) => {
        const { messages } = await machine.etcdForfeitLeadership({}, options)
        return { movedTo: theOnly(messages).member || undefined }
      }),
    leaveEtcd: (signal) =>
      effect(
        'leaveEtcd',
        signal,
        async (options) => checkDone(await machine.etcdLeaveCluster({}, options)),
        limits.leaveMs,
      ),
    removeMember: (memberId, signal) =>
      effect('removeMember', signal, async (options) => {
        try {
          checkDone(await machine.etcdRemoveMemberByID({ memberId: shapes.fromMemberId(memberId) }, options))
        } catch (error) {
          if (!isAbsent(error)) throw error
        }
      }),

    reset: ({ graceful, reboot, wipe = 'data', userDisks = [] }, signal) =>
      effect('reset', signal, async (options) => {
        const labels = RESET_PARTITIONS[wipe]
        const systemPartitionsToWipe = labels.map((label) => create(ResetPartitionSpecSchema, { label, wipe: true }))
        const userDisksToWipe = [...userDisks]
        checkDone(await machine.reset({ graceful, reboot, systemPartitionsToWipe, userDisksToWipe }, options))
      }),
    shutdown: ({ force }, signal) =>
      effect('shutdown', signal, async (options) => checkDone(await machine.shutdown({ force }, options))),

    close: () => sessions.close(),
  }
}
