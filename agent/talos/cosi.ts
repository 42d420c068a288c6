import type { CallOptions, Client } from '@connectrpc/connect'
import { parse } from 'yaml'
import type { z } from 'zod'
import type { NodeResource } from './node-resources.ts'
import type { Resource, State } from './proto/state_pb.js'

/** Reading the resources of a Talos node: what the node knows about itself, each as YAML behind an address of three names. */
export interface ResourceAddress {
  readonly namespace: string
  readonly type: string
  readonly id: string
}

/** A node has a few dozen of any type we read; a longer list is cut. */
const MAX_LISTED = 1_000

export type StateClient = Client<typeof State>

/** Throws what the transport threw, or a plain error when the answer has another shape than the schema. */
export async function getResource<T>(
  client: StateClient,
  address: ResourceAddress,
  schema: z.ZodType<T>,
  options: CallOptions,
): Promise<NodeResource<T>> {
  const { resource } = await client.get(address, options)
  return readResource(resource, schema)
}

export async function listResources<T>(
  client: StateClient,
  address: Omit<ResourceAddress, 'id'>,
  schema: z.ZodType<T>,
  options: CallOptions,
): Promise<readonly NodeResource<T>[]> {
  const listed: NodeResource<T>[] = []
  for await (const { resource } of client.list(address, options)) {
    listed.push(readResource(resource, schema))
    if (listed.length >= MAX_LISTED) break
  }
  return listed
}

/** Throws a plain error that names the fields which are not as expected, and never their values. */
export function readResource<T>(resource: Resource | undefined, schema: z.ZodType<T>): NodeResource<T> {
  const parsed = schema.safeParse(parse(resource?.spec?.yamlSpec ?? ''))
  const { id = '', version = '' } = resource?.metadata ?? {}
  if (parsed.success) return { id, version, spec: parsed.data }
  // Only the paths: a value could be a secret.
  const paths = parsed.error.issues.map((issue) => issue.path.join('.'))
  throw new Error(`the resource ${resource?.metadata?.type ?? ''} is not as expected: ${paths.join(', ')}`)
}
