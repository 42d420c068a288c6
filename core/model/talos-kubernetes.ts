import { z } from 'zod'
import { Ipv4Cidr } from './network.ts'
import { Url } from './talos-settings.ts'

/** What people may say about the Kubernetes that Talos starts, beside its version. Absent, it is what Talos generates. */
const MAX_MANIFESTS = 32

/** Nodes have IPv4 addresses only, so one network of each kind is all that Kubernetes can use. */
const Subnets = z.array(Ipv4Cidr).length(1)

const Cni = z
  .strictObject({
    /** flannel is started by Talos; with none, nodes get ready when something else has brought a network. */
    name: z.enum(['flannel', 'none', 'custom']),
    /** Manifests of a custom one. */
    urls: z.array(Url).min(1).max(MAX_MANIFESTS).optional(),
  })
  .superRefine(({ name, urls }, context) => {
    if (name === 'custom' && urls === undefined)
      context.addIssue({
        code: 'custom',
        path: ['urls'],
        message: 'the name custom needs the manifests of the network',
      })
    if (name !== 'custom' && urls !== undefined)
      context.addIssue({ code: 'custom', path: ['urls'], message: `the name ${name} has no manifests of its own` })
  })

export const KubernetesSettings = z.strictObject({
  cni: Cni.optional(),
  podSubnets: Subnets.optional(),
  serviceSubnets: Subnets.optional(),
  dnsDomain: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, 'must be a domain like cluster.local')
    .optional(),
  /** A balancer in front of all API servers on every machine, by default on port 7445. */
  kubePrism: z.strictObject({ enabled: z.boolean(), port: z.int().min(1024).max(65535).optional() }).optional(),
  /** Manifests that the control planes fetch and apply when the cluster comes up. */
  extraManifests: z.array(Url).max(MAX_MANIFESTS).optional(),
})
export type KubernetesSettings = z.infer<typeof KubernetesSettings>
