import { z } from 'zod'
import { TalosPatches } from './talos-patch.ts'

/**
 * What people may say about the Talos of a cluster and about its nodes, beside versions. Every field is optional, and
 * absent it means what it always meant: documents and the hashes of machines stay the same when a field is added.
 */
const MAX_MODULES = 64
const MAX_SYSCTLS = 128
const MAX_REGISTRIES = 32
const MAX_ENDPOINTS = 8
/** LUKS2 has that many slots, less one that is left for a rotation. */
const MAX_KEYS = 7
const MAX_NAMES = 32
const MAX_NODE_ENTRIES = 64
/** A chain of certificates; everything that a machine is told goes in one message. */
const MAX_PEM_CHARS = 16 * 1024
const MAX_URL_CHARS = 1024

/** An address on the web, as a node fetches it. */
export const Url = z
  .string()
  .max(MAX_URL_CHARS)
  .regex(/^https?:\/\/[^\s/]+(\/\S*)?$/, 'must be an address like https://example.com/path')

export const atMost = (limit: number) => ({
  check: (entries: object): boolean => Object.keys(entries).length <= limit,
  message: `at most ${limit} entries`,
})
const limited = <K extends z.core.$ZodRecordKey, V extends z.ZodType>(key: K, value: V, limit: number) => {
  const { check, message } = atMost(limit)
  return z.record(key, value).refine(check, message)
}

/** A name or an address without a scheme, as in `ntp.home.arpa` or `192.168.1.1`. */
const HostName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?$/, 'must be a host name or an address')

const KernelModule = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be the name of a kernel module, like nvidia_uvm'),
  parameters: z.array(z.string().min(1).max(256)).max(16).optional(),
})

const RegistryName = z
  .string()
  .regex(/^(\*|[a-z0-9][a-z0-9.-]{0,252}(:\d{1,5})?)$/, 'must be a registry like docker.io')

const Registries = z.strictObject({
  /** Registry → where to ask instead, in order; `*` is every registry. */
  mirrors: limited(
    RegistryName,
    z.strictObject({
      endpoints: z.array(Url).min(1).max(MAX_ENDPOINTS),
      /** Never ask the registry itself. */
      skipFallback: z.boolean().optional(),
    }),
    MAX_REGISTRIES,
  ).optional(),
  /** Host of an endpoint → how its certificate is checked. */
  tls: limited(
    RegistryName,
    z.strictObject({
      /** PEM of the authority that signs it. */
      ca: z
        .string()
        .max(MAX_PEM_CHARS)
        .regex(/^-----BEGIN CERTIFICATE-----\r?\n/, 'must be a certificate in PEM')
        .optional(),
      insecureSkipVerify: z.boolean().optional(),
    }),
    MAX_REGISTRIES,
  ).optional(),
})

const KEY_KINDS = ['node-id', 'tpm', 'kms'] as const
const PASSPHRASE =
  'a passphrase is a secret, and documents are stored where no secret belongs; use node-id, tpm or kms instead'

const EncryptionKey = z
  .strictObject({
    kind: z.enum(KEY_KINDS, { error: ({ input }) => (input === 'passphrase' ? PASSPHRASE : undefined) }),
    /** Of the service that keeps the key, for `kms`. */
    endpoint: z
      .string()
      .max(MAX_URL_CHARS)
      .regex(/^(https?|grpc):\/\/[^\s/]+$/, 'must be an address like grpc://kms.home.arpa:4050')
      .optional(),
    /** The key opens the volume only beside this machine's own STATE volume. */
    lockToState: z.boolean().optional(),
  })
  .superRefine(({ kind, endpoint }, context) => {
    if (kind === 'kms' && endpoint === undefined)
      context.addIssue({ code: 'custom', path: ['endpoint'], message: 'the kind kms needs the address of its service' })
    if (kind !== 'kms' && endpoint !== undefined)
      context.addIssue({ code: 'custom', path: ['endpoint'], message: `the kind ${kind} has no endpoint` })
  })
const EncryptionKeys = z.array(EncryptionKey).min(1).max(MAX_KEYS)
const StateKeys = EncryptionKeys.refine(
  (keys) => keys.every(({ lockToState }) => lockToState === undefined),
  'lockToState is for ephemeral: STATE cannot be locked to itself',
)

/** The host below Kubernetes; the same on every machine of a cluster. */
export const TalosSettings = z.strictObject({
  kernelModules: z.array(KernelModule).max(MAX_MODULES).optional(),
  /** Kernel parameters, as in `net.core.somaxconn: "65535"`. */
  sysctls: limited(
    z.string().regex(/^[a-zA-Z0-9_][a-zA-Z0-9_.*/-]{0,127}$/, 'must be a kernel parameter like net.core.somaxconn'),
    z.string().min(1).max(256),
    MAX_SYSCTLS,
  ).optional(),
  registries: Registries.optional(),
  /** By which keys each volume is opened, tried in order; takes effect when a machine is made. */
  diskEncryption: z.strictObject({ state: StateKeys.optional(), ephemeral: EncryptionKeys.optional() }).optional(),
  /** NTP servers; by default those of Talos. */
  timeServers: z.array(HostName).min(1).max(8).optional(),
  /** Whether machines find each other through a service that sees only encrypted data; on by default. */
  discovery: z.strictObject({ enabled: z.boolean(), endpoint: Url.optional() }).optional(),
  /** A caching resolver on every machine, which the cluster's DNS asks; on by default. */
  hostDns: z.boolean().optional(),
  /** Keeps workloads apart from the host; on by default from Talos 1.14, and unknown before. */
  workloadIsolation: z.boolean().optional(),
  /** More names or addresses for the serving certificates of Talos and Kubernetes. */
  certSANs: z.array(HostName).max(MAX_NAMES).optional(),
})
export type TalosSettings = z.infer<typeof TalosSettings>

const QualifiedName = z
  .string()
  .max(317)
  .regex(
    /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
    'must be a name that Kubernetes takes, like example.com/rack',
  )
/** Lanline sets these itself, by `schedulable`. */
const OWN_NAMES = [
  'node-role.kubernetes.io/control-plane',
  'node.kubernetes.io/exclude-from-external-load-balancers',
] as const
const FreeName = QualifiedName.refine(
  (name) => !OWN_NAMES.some((own) => own === name),
  'is set by spec.controlPlane.schedulable',
)

/** What the nodes of one kind have in common: the control planes, or a set of workers. */
const NodePlacement = {
  nodeLabels: limited(
    FreeName,
    z
      .string()
      .regex(/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/, 'is no value that Kubernetes takes for a label'),
    MAX_NODE_ENTRIES,
  ).optional(),
  /** Taint → effect, or value and effect joined by a colon. */
  nodeTaints: limited(
    FreeName,
    z
      .string()
      .regex(
        /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?:)?(NoSchedule|PreferNoSchedule|NoExecute)$/,
        'must be NoSchedule, PreferNoSchedule or NoExecute, perhaps after a value and a colon',
      ),
    MAX_NODE_ENTRIES,
  ).optional(),
  nodeAnnotations: limited(QualifiedName, z.string().max(4096), MAX_NODE_ENTRIES).optional(),
}
export const NodeLook = z.strictObject(NodePlacement)
export type NodeLook = z.infer<typeof NodeLook>

/** A part of the spec of control planes and of each set of workers. */
export const NodeSettings = z.strictObject({
  ...NodePlacement,
  /** Applied after the patches of the cluster and before those of a machine. */
  patches: TalosPatches.optional(),
})
export type NodeSettings = z.infer<typeof NodeSettings>
