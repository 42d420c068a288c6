import { create } from '@bufbuild/protobuf'
import { createClient, type CallOptions } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { err, ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { Dialer } from '../dialer.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import * as cosi from './cosi.ts'
import { isAlreadyBootstrapped, isUnknownResourceType, ranOutOfTime, talosProblem, type CallKind } from './errors.ts'
import type { ApplyMode, TalosNode } from './node.ts'
import { ApplyConfigurationRequest_Mode as Mode, MachineService, ResetPartitionSpecSchema } from './proto/machine_pb.js'
import { State } from './proto/state_pb.js'
import { openSessions } from './sessions.ts'
import * as shapes from './shapes.ts'

/** A Talos node over its gRPC API. See `TalosNode` for what each call promises. */
export interface TalosNodeOptions {
  readonly dialer: Dialer
  readonly address: string
  /** `maintenance` for a node without a configuration: no certificate on either side. */
  readonly credentials: ClientIdentity | 'maintenance'
  /** How long an answer to a question may take; default `READ_TIMEOUT_MS`. */
  readonly readTimeoutMs?: number | undefined
}

/** Upstream's limit for a message; a machine configuration with its keys is the largest we read. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024
/** Reads are answered from memory; ten seconds is a node that is busy booting. */
const READ_TIMEOUT_MS = 10_000
/** Validating and storing a configuration, starting a sequence: slower than a read, still no waiting for its end. */
const EFFECT_TIMEOUT_MS = 30_000
/** The node itself retries leaving etcd for five minutes; asking longer than it tries gives a real answer. */
const LEAVE_TIMEOUT_MS = 6 * 60_000
/** gRPC servers forbid frequent pings, so a watch over a dead connection is found out by its age. */
export const WATCH_MAX_MS = 10 * 60_000

/** What a reset erases: configuration and data. The system partitions stay, so the node can boot again. */
const RESET_PARTITIONS = ['STATE', 'EPHEMERAL']

const APPLY_MODES: Readonly<Record<ApplyMode, Mode>> = {
  auto: Mode.AUTO,
  'no-reboot': Mode.NO_REBOOT,
  staged: Mode.STAGED,
}

/** Opens no connection yet; the first call does. Close it when done. */
export function talosNode({
  dialer,
  address,
  credentials,
  readTimeoutMs = READ_TIMEOUT_MS,
}: TalosNodeOptions): TalosNode {
  const sessions = openSessions({ dialer, address, credentials })
  const transport = createGrpcTransport({
    baseUrl: sessions.authority,
    sessionManager: sessions,
    readMaxBytes: MAX_MESSAGE_BYTES,
    writeMaxBytes: MAX_MESSAGE_BYTES,
  })
  const machine = createClient(MachineService, transport)
  const state = createClient(State, transport)

  async function run<T>(
    name: string,
    kind: CallKind,
    signal: AbortSignal | undefined,
    send: (options: CallOptions) => Promise<T>,
    timeoutMs: number = kind === 'read' ? readTimeoutMs : EFFECT_TIMEOUT_MS,
  ): Promise<Result<T, Problem>> {
    if (signal?.aborted) return err(problem('cancelled', { address, call: name }))
    try {
      return ok(await send({ timeoutMs, ...(signal ? { signal } : {}) }))
    } catch (error) {
      if (ranOutOfTime(error)) sessions.renew()
      return err(talosProblem(error, { name, kind, address }, signal?.aborted ?? false))
    }
  }

  const read = <T>(name: string, signal: AbortSignal | undefined, send: (options: CallOptions) => Promise<T>) =>
    run(name, 'read', signal, send)
  const effect = <T>(
    name: string,
    signal: AbortSignal | undefined,
    send: (options: CallOptions) => Promise<T>,
    timeoutMs?: number,
  ) => run(name, 'effect', signal, send, timeoutMs)

  return {
    address,
    readIdentity: (signal) =>
      read('readIdentity', signal, (options) =>
        cosi.getResource(state, cosi.SYSTEM_INFORMATION, shapes.Identity, options),
      ),
    version: (signal) =>
      read('version', signal, async (options) => shapes.toVersion(await machine.version({}, options))),
    machineStatus: (signal) =>
      read('machineStatus', signal, (options) => cosi.getResource(state, cosi.MACHINE_STATUS, shapes.Status, options)),
    bootId: (signal) =>
      read('bootId', signal, async (options) => {
        const { bootID } = await cosi.getResource(state, cosi.BOOT_ID, shapes.BootId, options)
        return bootID
      }),
    serviceList: (signal) =>
      read('serviceList', signal, async (options) => shapes.toServices(await machine.serviceList({}, options))),
    diagnostics: (signal) =>
      read('diagnostics', signal, async (options) => {
        try {
          const found = await cosi.listResources(state, cosi.DIAGNOSTICS, shapes.Diagnostic, options)
          return found.map(({ id, spec }) => ({ id, message: spec.message }))
        } catch (error) {
          // talosctl, too, takes a node that cannot diagnose itself for one without findings.
          if (isUnknownResourceType(error)) return []
          throw error
        }
      }),
    activeConfig: (signal) =>
      read(
        'activeConfig',
        signal,
        async (options) => new Secret(await cosi.getResource(state, cosi.ACTIVE_CONFIG, shapes.ConfigText, options)),
      ),

    async *watchMachineStatus(signal) {
      const timed = { signal, timeoutMs: WATCH_MAX_MS }
      const startedAt = performance.now()
      try {
        for await (const status of cosi.watchResource(state, cosi.MACHINE_STATUS, shapes.Status, timed))
          yield ok(status)
      } catch (error) {
        const tooOld = performance.now() - startedAt >= WATCH_MAX_MS
        if (signal.aborted || tooOld) return
        yield err(talosProblem(error, { name: 'watchMachineStatus', kind: 'read', address }, false))
      }
    },

    applyConfiguration: (yaml, mode, signal) =>
      effect('applyConfiguration', signal, async (options) => {
        const data = new TextEncoder().encode(yaml.reveal())
        return shapes.toApplied(await machine.applyConfiguration({ data, mode: APPLY_MODES[mode] }, options))
      }),
    bootstrap: (signal) =>
      effect('bootstrap', signal, async (options) => {
        try {
          await machine.bootstrap({}, options)
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
        return { movedTo: messages[0]?.member || undefined }
      }),
    leaveEtcd: (signal) =>
      effect(
        'leaveEtcd',
        signal,
        async (options) => {
          await machine.etcdLeaveCluster({}, options)
        },
        LEAVE_TIMEOUT_MS,
      ),
    removeMember: (memberId, signal) =>
      effect('removeMember', signal, async (options) => {
        await machine.etcdRemoveMemberByID({ memberId: shapes.fromMemberId(memberId) }, options)
      }),

    reset: ({ graceful, reboot }, signal) =>
      effect('reset', signal, async (options) => {
        const systemPartitionsToWipe = RESET_PARTITIONS.map((label) =>
          create(ResetPartitionSpecSchema, { label, wipe: true }),
        )
        await machine.reset({ graceful, reboot, systemPartitionsToWipe }, options)
      }),
    shutdown: ({ force }, signal) =>
      effect('shutdown', signal, async (options) => {
        await machine.shutdown({ force }, options)
      }),

    close: () => sessions.close(),
  }
}
