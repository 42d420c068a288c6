import type { Clock } from '#core/base/clock.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { sayProblem } from '#core/model/problem.ts'
import type { DeskStatus } from '../commands/desk.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { createDialer } from '../dialer.ts'
import { findEnrolment } from '../identity/enrolment.ts'
import { createImageFactory } from '../operations/image-factory.ts'
import { toRows, toText } from '../providers/proxmox/parse.ts'
import type { OwnLook } from './own-look.ts'
import { probeEndpoint } from './probe/endpoint.ts'
import { freeBytesAt, ownFiles } from './probe/own-files.ts'
import { readJournal } from './probe/own-journal.ts'
import { createReader } from './probe/proxmox-reader.ts'
import { probeRelay } from './probe/relay.ts'
import { serviceFacts } from './probe/service.ts'
import type { SiteLook } from './site-look.ts'
import type { Wanted } from './wanted.ts'

/** The doctor's eyes, opened on a real machine. Each question is asked once, however many checks want its answer. */
export interface LookInput {
  readonly config: Result<LoadedConfig, string>
  readonly stateDir: string
  readonly desk: DeskStatus | undefined
  readonly wanted: Wanted | undefined
  readonly clock: Clock
}

export function openOwnLook({ config, stateDir, desk, clock }: LookInput): OwnLook {
  const enrolment = findEnrolment(stateDir)
  const origin = enrolment.ok ? enrolment.value?.relayOrigin : undefined
  return {
    config,
    stateDir,
    enrolment,
    desk,
    files: ownFiles(stateDir),
    freeBytes: freeBytesAt(stateDir),
    journal: once(() => readJournal(stateDir)),
    service: once(serviceFacts),
    relay: once(() => (origin === undefined ? Promise.resolve(undefined) : probeRelay(origin, clock))),
  }
}

export interface OpenSiteLook {
  readonly look: SiteLook
  close(): Promise<void>
}

export function openSiteLook(config: LoadedConfig, own: OwnLook, { wanted, clock }: LookInput): OpenSiteLook {
  const { proxmox } = config
  const dialer = createDialer(config.lanProxy)
  const reader = createReader(proxmox, dialer)
  const factory = createImageFactory(dialer, config.imageFactory)
  const look: SiteLook = {
    read: reader.read,
    proxmox,
    wanted,
    watched: own.desk?.clusters.flatMap(({ machines }) => machines),
    clock,
    imageFactory: config.imageFactory,
    endpoints: once(() =>
      Promise.all(
        proxmox.endpoints.map((endpoint) =>
          probeEndpoint(endpoint, {
            dialer,
            clock,
            caPem: proxmox.caPem,
            throughProxy: config.lanProxy !== undefined,
          }),
        ),
      ),
    ),
    nodesBehind: once(async () => {
      const each = await Promise.all(
        proxmox.endpoints.map(async (endpoint) => {
          const only = createReader({ ...proxmox, endpoints: [endpoint] }, dialer)
          const nodes = await only.read('/nodes')
          await only.close()
          if (!nodes.ok) return []
          return [{ endpoint, nodes: toRows(nodes.value.data).flatMap((row) => toText(row['node']) ?? []) }]
        }),
      )
      return each.flat()
    }),
    relaySkewMs: async () => {
      const relay = await own.relay()
      if (relay === undefined || !relay.ok) return relay
      return relay.value.aheadMs === undefined ? err('the relay does not tell its time') : ok(relay.value.aheadMs)
    },
    factoryVersions: once(async () => {
      const versions = await factory.versions()
      return versions.ok ? versions : err(sayProblem(versions.error))
    }),
  }
  return { look, close: () => reader.close() }
}

function once<T>(ask: () => T): () => T {
  let answered: { readonly value: T } | undefined
  return () => (answered ??= { value: ask() }).value
}
