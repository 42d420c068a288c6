import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import type { TalosNode } from '../node.ts'
import { DataSchema, MachineService } from '../proto/machine_pb.js'
import { applyConfiguration } from './apply-configuration.ts'
import { bootstrap } from './bootstrap.ts'
import * as etcd from './etcd-methods.ts'
import { kubeconfigArchive } from './kubeconfig.ts'
import { reset } from './reset.ts'

/** A kubeconfig goes in pieces of this size, as a real node streams it. */
const CHUNK_BYTES = 1024
const GO_VERSION = 'go1.26.1'

/** The machine API of one node. Answers have one item, because nobody proxies here. */
export function machineService(router: ConnectRouter, node: TalosNode): void {
  const actor = () => ({ actorId: crypto.randomUUID() })
  router.service(MachineService, {
    applyConfiguration: (request, context) => applyConfiguration(node, request, context),
    bootstrap: (request) => bootstrap(node, request),
    etcdMemberList: () => ({ messages: [{ members: etcd.memberList(node) }] }),
    etcdStatus: () => ({ messages: [{ memberStatus: etcd.status(node) }] }),
    etcdForfeitLeadership: () => ({ messages: [{ member: etcd.forfeitLeadership(node) }] }),
    etcdLeaveCluster() {
      etcd.leave(node)
      return { messages: [{}] }
    },
    etcdRemoveMemberByID(request) {
      etcd.removeMember(node, request.memberId)
      return { messages: [{}] }
    },
    hostname: () => ({ messages: [{ hostname: node.hostname }] }),
    reset: (request) => reset(node, request),
    reboot() {
      later(() => node.reboot())
      return { messages: [actor()] }
    },
    shutdown() {
      later(() => node.turnOff())
      return { messages: [actor()] }
    },
    serviceList: () => ({ messages: [{ services: services(node) }] }),
    version: () => ({
      messages: [
        {
          version: {
            tag: node.disk?.talosVersion ?? '',
            sha: '1f2c3d4',
            built: '',
            goVersion: GO_VERSION,
            os: 'linux',
            arch: 'amd64',
          },
          platform: { name: 'nocloud', mode: 'cloud' },
          features: { rbac: true },
        },
      ],
    }),
    async *kubeconfig() {
      if (!node.config?.controlPlane)
        throw new ConnectError('kubeconfig is only available on control plane nodes', Code.FailedPrecondition)
      const archive = await kubeconfigArchive(node)
      for (let offset = 0; offset < archive.length; offset += CHUNK_BYTES)
        yield create(DataSchema, { bytes: archive.subarray(offset, offset + CHUNK_BYTES) })
    },
  })
}

/** Starts after the answer had a chance to leave: the caller hears that the act began. */
export function later(act: () => Promise<void>): void {
  setTimeout(() => void act(), 5)
}

const services = (node: TalosNode) =>
  node.services.all().map((service) => ({
    id: service.id,
    state: service.state,
    events: {
      events: service.events.map((event) => ({
        msg: event.message,
        state: event.state,
        ts: timestampFromMs(event.at),
      })),
    },
    health: {
      unknown: service.unknown,
      healthy: service.healthy,
      lastMessage: service.events.at(-1)?.message ?? '',
      lastChange: timestampFromMs(service.events.at(-1)?.at ?? 0),
    },
  }))
