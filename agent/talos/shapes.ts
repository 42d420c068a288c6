import { z } from 'zod'
import { invariant } from '#core/base/invariant.ts'
import type { Applied, EtcdMember, EtcdMemberId, EtcdStatus, MachineStatus, NodeService, NodeVersion } from './node.ts'
import type {
  ApplyConfigurationResponse,
  EtcdMemberListResponse,
  EtcdStatusResponse,
  ServiceInfo,
  ServiceListResponse,
  VersionResponse,
} from './proto/machine_pb.js'
import { theOnly } from './replies.ts'

/** From what Talos answers to what the agent works with: only the fields we use, checked where they are YAML. */

export const BootId = z.object({ bootID: z.string().min(1) })
export const Diagnostic = z.object({ message: z.string() })
export const ConfigText = z.string().min(1)

export const Status: z.ZodType<MachineStatus> = z
  .object({
    stage: z.string(),
    status: z.object({
      ready: z.boolean(),
      /** Go writes an empty list as `[]`, and a nil one as null. */
      unmetConditions: z.array(z.object({ name: z.string(), reason: z.string() })).nullish(),
    }),
  })
  .transform(({ stage, status }) => ({ stage, ready: status.ready, unmetConditions: status.unmetConditions ?? [] }))

export function toVersion({ messages }: VersionResponse): NodeVersion {
  const { version, platform } = theOnly(messages)
  return { tag: version?.tag ?? '', platform: platform?.name ?? '' }
}

export const toServices = ({ messages }: ServiceListResponse): readonly NodeService[] =>
  theOnly(messages).services.map((service) => ({
    id: service.id,
    state: service.state,
    healthy: isHealthy(service),
    lastMessage: service.health?.lastMessage || (service.events?.events.at(-1)?.msg ?? ''),
  }))

const isHealthy = ({ state, health }: ServiceInfo): boolean => state === 'Running' && health?.healthy === true

export function toApplied({ messages }: ApplyConfigurationResponse): Applied {
  const { warnings, modeDetails } = theOnly(messages)
  return { warnings, details: modeDetails }
}

export const toMembers = ({ messages }: EtcdMemberListResponse): readonly EtcdMember[] =>
  theOnly(messages).members.map(({ id, hostname, peerUrls, isLearner }) => ({
    id: toMemberId(id),
    hostname,
    addresses: peerUrls.flatMap((url) => (URL.canParse(url) ? [new URL(url).hostname] : [])),
    learner: isLearner,
  }))

export function toEtcdStatus({ messages }: EtcdStatusResponse): EtcdStatus {
  const { memberStatus } = theOnly(messages)
  if (!memberStatus) throw new Error('the node sent an etcd status without a member')
  return {
    memberId: toMemberId(memberStatus.memberId),
    leaderId: toMemberId(memberStatus.leader),
    learner: memberStatus.isLearner,
    dbSizeBytes: Number(memberStatus.dbSize),
    raftIndex: String(memberStatus.raftIndex),
    errors: memberStatus.errors,
  }
}

export const toMemberId = (id: bigint): EtcdMemberId => id.toString(16).padStart(16, '0')

export function fromMemberId(id: EtcdMemberId): bigint {
  invariant(/^[0-9a-f]{16}$/.test(id), 'an etcd member id has 16 hex digits')
  return BigInt(`0x${id}`)
}
