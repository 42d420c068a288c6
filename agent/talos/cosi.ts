import type { CallOptions, Client } from '@connectrpc/connect'
import { parse } from 'yaml'
import type { z } from 'zod'
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

/** Throws a plain error that names the fields which are not as expected, and never their values. */
export function readSpec<T>(resource: Resource | undefined, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parse(resource?.spec?.yamlSpec ?? ''))
  if (parsed.success) return parsed.data
  // Only the paths: a value could be a secret.
  const paths = parsed.error.issues.map((issue) => issue.path.join('.'))
  throw new Error(`the resource ${resource?.metadata?.type ?? ''} is not as expected: ${paths.join(', ')}`)
}
