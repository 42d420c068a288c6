import { z } from 'zod'
import { Drain } from './drain.ts'
import { Name } from './ids.ts'
import { Ipv4 } from './network.ts'
import { MAX_CLUSTER_MACHINES } from './cluster-machines.ts'
import { KubernetesSettings } from './talos-kubernetes.ts'
import { TalosPatches } from './talos-patch.ts'
import { atMost, NodeSettings, TalosSettings } from './talos-settings.ts'
import { NicChoices, WorkerSet } from './worker-set.ts'

/** A Talos Linux Kubernetes cluster as its owner wants it. */
const CONTROL_PLANE_COUNTS: readonly number[] = [1, 3, 5]
const MAX_EXTENSIONS = 32
/** What a machine is told goes to the agent in one message of 64 KiB; the rest of the message has to fit, too. */
export const MAX_SETTINGS_CHARS = 48 * 1024
const MAX_WORKER_SETS = 16

/**
 * What becomes of a difference that somebody else made between a machine and what it was made as: it is told (the
 * default), changed back, or left alone.
 */
export const DriftPolicy = z.enum(['alert', 'correct', 'ignore'])
export type DriftPolicy = z.infer<typeof DriftPolicy>

const patched = atMost(MAX_CLUSTER_MACHINES)

const version = (example: string) =>
  z.string().regex(/^v\d{1,3}\.\d{1,3}\.\d{1,3}$/, `must be a full version like ${example}`)

export const ClusterSpec = z.strictObject({
  site: Name,
  talos: z.strictObject({
    version: version('v1.13.9'),
    /** Official system extensions, as in `qemu-guest-agent`; they decide the image. */
    extensions: z
      .array(z.string().regex(/^([a-z0-9-]+\/)?[a-z0-9][a-z0-9-]{0,62}$/))
      .max(MAX_EXTENSIONS)
      .optional(),
    ...TalosSettings.shape,
    /** For every machine, before those of its set and its own (docs/patches.md). */
    patches: TalosPatches.optional(),
  }),
  kubernetes: z.strictObject({ version: version('v1.36.3'), ...KubernetesSettings.shape }),
  /** The network that pins kubelet, etcd and Talos API addresses. */
  nodeNetwork: Name,
  endpoint: z.strictObject({ vip: Ipv4 }),
  controlPlane: z.strictObject({
    class: Name,
    /** Whether ordinary pods may run on control planes; also lifts their load-balancer exclusion. */
    schedulable: z.boolean().default(false),
    ...NodeSettings.shape,
    /** Machine name → its static address. */
    machines: z
      .record(Name, Ipv4)
      .refine(
        (machines) => CONTROL_PLANE_COUNTS.includes(Object.keys(machines).length),
        'a cluster has 1, 3 or 5 control planes, because etcd needs an odd number',
      ),
    /** The first one is the node network, which is all there is by default. */
    nics: NicChoices.optional(),
    /** A reservation of the hosts that these machines may use up. */
    drawFrom: Name.optional(),
  }),
  /** By name of the set. */
  workers: z
    .record(Name, WorkerSet)
    .refine((sets) => Object.keys(sets).length <= MAX_WORKER_SETS, `at most ${MAX_WORKER_SETS} sets`)
    .optional(),
  /** How people reach its Kubernetes API; by tunnel they always do. */
  access: z
    .strictObject({
      /** Also under `/k8s/{cluster}` of the API, with a token and without a tunnel. What passes there is visible to the cloud. */
      direct: z.boolean().default(false),
    })
    .optional(),
  /** Machine name → patches for it alone, after all others. */
  machinePatches: z.record(Name, TalosPatches).refine(patched.check, patched.message).optional(),
  /** How pods leave a machine that is removed while the cluster stays. */
  drain: Drain.optional(),
  drift: DriftPolicy.optional(),
})
export type ClusterSpec = z.infer<typeof ClusterSpec>
