import { z } from '@hono/zod-openapi'
import { HOLD_KINDS, type HoldCode } from '#core/model/hold.ts'
import { OPERATION_KINDS, OperationState } from '#core/model/operation.ts'
import { FactsSchema } from '#core/model/problem-schema.ts'
import { CLUSTER_PHASES, MACHINE_PHASES, type ClusterStatus, type SiteStatus } from '#core/model/status.ts'

/** Status as the objects publish it, for OpenAPI, and what stands in its place before the first publication. */
const HOLD_CODES = Object.keys(HOLD_KINDS) as [HoldCode, ...HoldCode[]]
const epochMs = z.number().int().openapi({ description: 'epoch ms' })

const MachineStatusAnswer = z
  .object({
    name: z.string(),
    machineId: z.string(),
    role: z.enum(['controlplane', 'worker']),
    phase: z.enum(MACHINE_PHASES),
    address: z.string(),
    host: z.string().optional(),
    vmid: z.number().int().optional(),
    talosVersion: z.string().optional(),
    kubernetesVersion: z.string().optional(),
    etcd: z.enum(['leader', 'member', 'learner', 'unhealthy']).optional(),
    operation: z
      .object({
        operationId: z.string(),
        kind: z.enum(OPERATION_KINDS),
        state: OperationState,
        step: z.string().optional(),
        since: epochMs,
      })
      .optional(),
  })
  .openapi('MachineStatus')

const HoldAnswer = z
  .object({ code: z.enum(HOLD_CODES), subject: z.string(), facts: FactsSchema, since: epochMs })
  .openapi('Hold')

export const ClusterStatusAnswer = z
  .object({
    phase: z.enum(CLUSTER_PHASES),
    observedGeneration: z.number().int(),
    bootstrapped: z.boolean(),
    talosContract: z
      .string()
      .optional()
      .openapi({ description: 'the Talos minor that the cluster was created with; an upgrade does not raise it' }),
    machines: z.array(MachineStatusAnswer),
    waiting: z.array(HoldAnswer),
    findings: z.array(z.object({ code: z.string(), text: z.string(), facts: FactsSchema })),
    seenAt: epochMs.optional(),
  })
  .openapi('ClusterStatus')

export const SiteStatusAnswer = z
  .object({
    phase: z.enum(['waiting', 'connected', 'offline']),
    agent: z.object({ agentId: z.string(), version: z.string(), since: epochMs }).optional(),
    standby: z.array(z.string()).optional().openapi({ description: 'agents that wait for the lead' }),
    findings: z.array(z.object({ code: z.string(), text: z.string(), facts: FactsSchema })).optional(),
    hosts: z.array(
      z.object({
        name: z.string(),
        online: z.boolean(),
        threads: z.number().int(),
        memoryMiB: z.number().int(),
        version: z.string(),
      }),
    ),
  })
  .openapi('SiteStatus')

export const FIRST_CLUSTER_STATUS: ClusterStatus = {
  phase: 'waiting',
  observedGeneration: 0,
  bootstrapped: false,
  machines: [],
  waiting: [],
  findings: [],
}

export const FIRST_SITE_STATUS: SiteStatus = { phase: 'waiting', hosts: [] }
