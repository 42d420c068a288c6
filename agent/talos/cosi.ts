import type { CallOptions, Client } from '@connectrpc/connect'
import { parse } from 'yaml'
import type { z } from 'zod'
import { EventType, type Resource, type State } from './proto/state_pb.js'

/** Reading the resources of a Talos node: what the node knows about itself, each as YAML behind an address of three names. */
export interface ResourceAddress {
  readonly namespace: string
  readonly type: string
  readonly id: string
}

/** Source: Talos resource definitions; facts talos.md §4.6. */
export const SYSTEM_INFORMATION: ResourceAddress = {
  namespace: 'hardware',
  type: 'SystemInformations.hardware.talos.dev',
  id: 'systeminformation',
}
export const MACHINE_STATUS: ResourceAddress = {
  namespace: 'runtime',
  type: 'MachineStatuses.runtime.talos.dev',
  id: 'machine',
}
export const BOOT_ID: ResourceAddress = { namespace: 'runtime', type: 'BootIDs.runtime.talos.dev', id: 'boot-id' }
export const ACTIVE_CONFIG: ResourceAddress = {
  namespace: 'config',
  type: 'MachineConfigs.config.talos.dev',
  id: 'v1alpha1',
}
export const DIAGNOSTICS = { namespace: 'runtime', type: 'Diagnostics.runtime.talos.dev' }

/** A node has a few dozen of any type we read; a longer list is cut. */
const MAX_LISTED = 1_000
const WATCH_API_VERSION = 1

export type StateClient = Client<typeof State>

/** Throws what the transport threw, or a plain error when the answer has another shape than the schema. */
export async function getResource<T>(
  client: StateClient,
  address: ResourceAddress,
  schema: z.ZodType<T>,
  options: CallOptions,
): Promise<T> {
  const { resource } = await client.get(address, options)
  return readSpec(resource, schema)
}

export async function listResources<T>(
  client: StateClient,
  address: Omit<ResourceAddress, 'id'>,
  schema: z.ZodType<T>,
  options: CallOptions,
): Promise<readonly { readonly id: string; readonly spec: T }[]> {
  const listed: { id: string; spec: T }[] = []
  for await (const { resource } of client.list(address, options)) {
    listed.push({ id: resource?.metadata?.id ?? '', spec: readSpec(resource, schema) })
    if (listed.length >= MAX_LISTED) break
  }
  return listed
}

/** The resource now and after each change. A destroyed one is silently left out until it is back. */
export async function* watchResource<T>(
  client: StateClient,
  address: ResourceAddress,
  schema: z.ZodType<T>,
  options: CallOptions,
): AsyncGenerator<T> {
  for await (const { event: events } of client.watch({ ...address, apiVersion: WATCH_API_VERSION }, options)) {
    for (const event of events) {
      if (event.eventType === EventType.ERRORED) throw new Error(`the watch ended: ${event.error}`)
      if (event.eventType === EventType.CREATED || event.eventType === EventType.UPDATED)
        yield readSpec(event.resource, schema)
    }
  }
}

function readSpec<T>(resource: Resource | undefined, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parse(resource?.spec?.yamlSpec ?? ''))
  if (parsed.success) return parsed.data
  // Only the paths: a value could be a secret.
  const paths = parsed.error.issues.map((issue) => issue.path.join('.'))
  throw new Error(`the resource ${resource?.metadata?.type ?? ''} is not as expected: ${paths.join(', ')}`)
}
