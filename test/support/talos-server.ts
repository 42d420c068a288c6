import { createSecureServer, type ServerHttp2Session } from 'node:http2'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { ServiceImpl } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import type { Dialer } from '#agent/dialer.ts'
import { ImageService, LifecycleService } from '#agent/talos/proto/lifecycle_pb.js'
import { MachineService } from '#agent/talos/proto/machine_pb.js'
import { State } from '#agent/talos/proto/state_pb.js'
import { StorageService } from '#agent/talos/proto/storage_pb.js'
import { TimeService } from '#agent/talos/proto/time_pb.js'
import type { ServingCertificate } from './serving-certificate.ts'

/** What a test's node answers; whatever it leaves out is Unimplemented. */
export interface TalosAnswers {
  readonly machine?: Partial<ServiceImpl<typeof MachineService>>
  readonly state?: Partial<ServiceImpl<typeof State>>
  readonly images?: Partial<ServiceImpl<typeof ImageService>>
  readonly lifecycle?: Partial<ServiceImpl<typeof LifecycleService>>
  readonly storage?: Partial<ServiceImpl<typeof StorageService>>
  readonly time?: Partial<ServiceImpl<typeof TimeService>>
}

export interface TalosServer {
  readonly port: number
  /** Cuts every connection, as a reboot does; the port stays open. */
  cut(): void
  close(): Promise<void>
}

/** A Talos API on loopback. With `clientCa` it demands a client certificate, without it is a node in maintenance. */
export async function startTalosServer({
  serving,
  clientCa,
  answers,
}: {
  readonly serving: ServingCertificate
  readonly clientCa?: string | undefined
  readonly answers: TalosAnswers
}): Promise<TalosServer> {
  const sessions = new Set<ServerHttp2Session>()
  const server = createSecureServer(
    { ...serving, ...(clientCa ? { ca: clientCa, requestCert: true, rejectUnauthorized: true } : {}) },
    connectNodeAdapter({
      routes(router) {
        router.service(MachineService, answers.machine ?? {})
        router.service(State, answers.state ?? {})
        router.service(ImageService, answers.images ?? {})
        router.service(LifecycleService, answers.lifecycle ?? {})
        router.service(StorageService, answers.storage ?? {})
        router.service(TimeService, answers.time ?? {})
      },
    }),
  )
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => session.destroy())
    session.once('close', () => sessions.delete(session))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const session of sessions) session.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A LAN of the test: known addresses lead to loopback ports, all others refuse. */
export function dialerTo(ports: ReadonlyMap<string, number>): Dialer & { readonly dialled: string[] } {
  const dialled: string[] = []
  return {
    dialled,
    connect: ({ host, port: wanted }) =>
      new Promise<Socket>((resolve, reject) => {
        dialled.push(`${host}:${wanted}`)
        const port = ports.get(host)
        if (port === undefined) return reject(new Error(`no route to ${host}`))
        const socket = connect({ host: '127.0.0.1', port })
        socket.once('error', reject)
        socket.once('connect', () => {
          socket.off('error', reject)
          resolve(socket)
        })
      }),
  }
}

/** A COSI resource whose spec is this YAML. */
export const aResource = (yamlSpec: string, id = 'x', type = 't') => ({
  metadata: { namespace: 'n', type, id, version: '1', phase: 'running' },
  spec: { yamlSpec },
})
