import { z } from 'zod'
import { Name } from './ids.ts'
import { Ipv4 } from './network.ts'
import { KubernetesSettings } from './talos-kubernetes.ts'
import { TalosPatches } from './talos-patch.ts'
import { atMost, NodeSettings, TalosSettings } from './talos-settings.ts'

/** A Talos Linux Kubernetes cluster as its owner wants it. */
const CONTROL_PLANE_COUNTS: readonly number[] = [1, 3, 5]
const MAX_EXTENSIONS = 32
/** As many machines as a cluster may have. */
const MAX_PATCHED_MACHINES = 1000
/** What a machine is told goes to the agent in one message of 64 KiB; the rest of the message has to fit, too. */
export const MAX_SETTINGS_CHARS = 48 * 1024

const patched = atMost(MAX_PATCHED_MACHINES)

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
  }),
  /** Machine name → patches for it alone, after all others. */
  machinePatches: z.record(Name, TalosPatches).refine(patched.check, patched.message).optional(),
})
export type ClusterSpec = z.infer<typeof ClusterSpec>

/** Every machine that a spec names. */
export const machineNames = (spec: ClusterSpec): readonly string[] => Object.keys(spec.controlPlane.machines)
