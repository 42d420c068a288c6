import { z } from 'zod'
import { MAX_CLOCK_RATE } from '../clock.ts'

/**
 * What the owner tells the agent on its own machine. Strict: a field that is not read is an error, so that a typo is
 * never silently ignored. Everything here can also wait in files, and secrets should.
 */
const MAX_PATH_CHARS = 4_096
const path = z.string().min(1).max(MAX_PATH_CHARS)
const httpsUrl = z.url({ protocol: /^https$/, error: 'must be a URL that begins with https://' })

const Proxmox = z
  .strictObject({
    /** Every node of the Proxmox cluster that may be asked; the first that answers is used. */
    endpoints: z.array(httpsUrl).min(1).max(16),
    /** `user@realm!token`, as Proxmox writes it. */
    tokenId: z.string().regex(/^[^\s@!]+@[^\s@!]+![^\s@!]+$/, 'must look like lanline@pve!agent'),
    tokenSecret: z.string().min(1).max(256).optional(),
    tokenSecretFile: path.optional(),
    /** The CA that signed the certificates of the hosts: /etc/pve/pve-root-ca.pem unless replaced. */
    caPem: z
      .string()
      .max(64 * 1024)
      .optional(),
    caFile: path.optional(),
    /** SHA-256 fingerprints of certificates that no CA at hand signed, as `AB:CD:…`; trusted instead of any CA. */
    fingerprints: z
      .array(
        z.string().regex(/^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/, 'must be a SHA-256 fingerprint as Proxmox shows it'),
      )
      .min(1)
      .max(16)
      .optional(),
    /** Resource pool that the machines are put into; the token's rights can then end at its border. */
    pool: z.string().min(1).max(128).default('lanline'),
  })
  .refine((proxmox) => proxmox.caPem === undefined || proxmox.caFile === undefined, {
    path: ['caFile'],
    message: 'give caPem or caFile, not both',
  })
  .refine(
    (proxmox) => proxmox.fingerprints === undefined || (proxmox.caPem === undefined && proxmox.caFile === undefined),
    { path: ['fingerprints'], message: 'give fingerprints or a CA, not both' },
  )
  .refine((proxmox) => proxmox.tokenSecret === undefined || proxmox.tokenSecretFile === undefined, {
    path: ['tokenSecretFile'],
    message: 'give tokenSecret or tokenSecretFile, not both',
  })

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

export const AgentConfig = z.strictObject({
  stateDir: path.optional(),
  logLevel: z.enum(LOG_LEVELS).default('info'),
  proxmox: Proxmox,
  imageFactory: z.url({ protocol: /^https?$/ }).default('https://factory.talos.dev'),
  lan: z
    .strictObject({
      proxy: z.url({ protocol: /^socks5h?$/, error: 'must look like socks5://jump.lan:1080' }).optional(),
    })
    .default({}),
  /** Divides the agent's own waits and polls; for the lab. */
  clockRate: z.number().min(1).max(MAX_CLOCK_RATE).default(1),
})
export type AgentConfig = z.infer<typeof AgentConfig>
