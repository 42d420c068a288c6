import { create, toBinary, type JsonObject } from '@bufbuild/protobuf'
import { STAGE_NUMBERS, type MachineStatus } from '../machine-status.ts'
import {
  KubeletSpecSchema,
  MachineConfigSchema,
  MachineStatusSchema,
  MemberSchema,
  NamespaceSchema,
  NodenameSchema,
  ResourceDefinitionSchema,
  ResourceDefinition_Sensitivity as Sensitivity,
  ServiceSchema,
  StaticPodStatusSchema,
  VolumeStatusSchema,
} from '../proto/specs_pb.js'
import type { Definition } from './define.ts'

/** The binary form of the few types that typed clients, as talosctl's own checks are, decode instead of the YAML. */
export const binaryDefinition = (definition: Definition): Uint8Array =>
  toBinary(
    ResourceDefinitionSchema,
    create(ResourceDefinitionSchema, {
      resourceType: definition.type,
      displayType: definition.displayType,
      defaultNamespace: definition.namespace,
      aliases: [...definition.aliases],
      allAliases: [...definition.allAliases],
      printColumns: Object.entries(definition.columns).map(([name, jsonPath]) => ({ name, jsonPath })),
      sensitivity: definition.sensitive ? Sensitivity.SENSITIVE : Sensitivity.NON_SENSITIVE,
    }),
  )

export const binaryNamespace = (description: string): Uint8Array =>
  toBinary(NamespaceSchema, create(NamespaceSchema, { description }))

export const binaryStatus = ({ stage, status }: MachineStatus): Uint8Array =>
  toBinary(
    MachineStatusSchema,
    create(MachineStatusSchema, {
      stage: STAGE_NUMBERS[stage],
      status: { ready: status.ready, unmetConditions: status.unmetConditions.map((one) => ({ ...one })) },
    }),
  )

export const binaryService = (service: { running: boolean; healthy: boolean; unknown: boolean }): Uint8Array =>
  toBinary(ServiceSchema, create(ServiceSchema, service))

export interface MemberFacts {
  readonly nodeId: string
  readonly addresses: readonly string[]
  readonly hostname: string
  readonly type: 'controlplane' | 'worker'
  readonly operatingSystem: string
  readonly apiPort: number | undefined
}

/** The numbers of machine types: 1 is an older kind of control plane that the lab has not. */
const MACHINE_TYPES = { controlplane: 2, worker: 3 } as const

export const binaryMember = (facts: MemberFacts): Uint8Array =>
  toBinary(
    MemberSchema,
    create(MemberSchema, {
      nodeId: facts.nodeId,
      addresses: facts.addresses.map((address) => ({ ip: addressBytes(address) })),
      hostname: facts.hostname,
      machineType: MACHINE_TYPES[facts.type],
      operatingSystem: facts.operatingSystem,
      ...(facts.apiPort === undefined ? {} : { controlPlane: { apiServerPort: BigInt(facts.apiPort) } }),
    }),
  )

/** The lab's LAN is IPv4. */
const addressBytes = (address: string): Uint8Array => Uint8Array.from(address.split('.').map(Number))

export const binaryNodename = (nodename: string, hostnameVersion: string): Uint8Array =>
  toBinary(NodenameSchema, create(NodenameSchema, { nodename, hostnameVersion }))

export const binaryPodStatus = (status: unknown): Uint8Array =>
  toBinary(StaticPodStatusSchema, create(StaticPodStatusSchema, { podStatus: status as JsonObject }))

export const binaryKubelet = (image: string, args: readonly string[], expectedNodename: string): Uint8Array =>
  toBinary(KubeletSpecSchema, create(KubeletSpecSchema, { image, args: [...args], expectedNodename }))

export const binaryConfig = (text: string): Uint8Array =>
  toBinary(MachineConfigSchema, create(MachineConfigSchema, { yamlMarshalled: Buffer.from(text) }))

/** Talos' numbers for a volume that is ready, and for one that is a partition. */
const VOLUME_READY = 6
const VOLUME_PARTITION = 0

export const binaryVolume = (location: string, sizeBytes: bigint, prettySize: string): Uint8Array =>
  toBinary(
    VolumeStatusSchema,
    create(VolumeStatusSchema, { phase: VOLUME_READY, type: VOLUME_PARTITION, location, size: sizeBytes, prettySize }),
  )
