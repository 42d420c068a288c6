import { ok } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import { certificatesOf, type CertificateFacts, type EndpointFacts, type TlsFacts } from '../probe/endpoint.ts'
import type { SiteLook } from '../site-look.ts'

/**
 * Each endpoint: its name, its port, its certificate. A leaf that is about to expire is no finding when Proxmox renews it
 * by itself; one that is pinned is, because that pin breaks with the next renewal.
 */
export const endpointCheck: Check<SiteLook> = {
  name: 'endpoints',
  run: async (look) => ok(judgeEndpoints(await look.endpoints(), look.proxmox, look.clock.now())),
}

/** A certificate that somebody has to renew by hand is told of this long before. */
const SOON_MS = 14 * 24 * 3_600_000
/** The authority of Proxmox lives ten years; replacing it touches every client. */
const AUTHORITY_SOON_MS = 90 * 24 * 3_600_000
/** The authority that a Proxmox installation makes for itself; it re-issues the leaves below two weeks. */
const OWN_AUTHORITY = /PVE Cluster Manager CA/

/** What the configuration says whom to trust. */
export interface Trust {
  readonly caPem?: string | undefined
  readonly fingerprints?: readonly string[] | undefined
}

export function judgeEndpoints(endpoints: readonly EndpointFacts[], trust: Trust, now: number): readonly Finding[] {
  return [
    ...endpoints.map((endpoint) => judgeEndpoint(endpoint, trust, now)),
    ...(trust.caPem === undefined ? [] : judgePin(certificatesOf(trust.caPem), now)),
  ]
}

function judgeEndpoint(facts: EndpointFacts, trust: Trust, now: number): Finding {
  const { endpoint: about, host, port } = facts
  if (!facts.resolved.ok)
    return trouble(
      'endpoint-name-unknown',
      about,
      `the name ${host} has no address here: ${facts.resolved.error}`,
      `put ${host} into the DNS of the agent's machine, or its address into proxmox.endpoints`,
    )
  if (!facts.connected.ok) return unreachable(facts, facts.connected.error)
  if (!facts.tls) return unreachable(facts, 'no answer')
  if (!facts.tls.ok && facts.tls.error.otherLanguage)
    return trouble(
      'endpoint-not-tls',
      about,
      `port ${port} answers, but not with TLS: ${facts.tls.error.text}`,
      'write the API port into proxmox.endpoints, as in https://HOST:8006',
    )
  if (!facts.tls.ok) return unreachable(facts, facts.tls.error.text)
  const { distrust, leaf } = facts.tls.value
  if (trust.fingerprints) return judgeFingerprint(about, host, leaf, trust.fingerprints)
  return distrust === undefined
    ? judgeLeaf(about, leaf, now)
    : judgeDistrust(about, host, facts.tls.value, trust.caPem !== undefined)
}

const unreachable = ({ endpoint, host, port }: EndpointFacts, why: string): Finding =>
  trouble(
    'endpoint-unreachable',
    endpoint,
    `nothing answers on ${host} port ${port}: ${why}`,
    `systemctl restart pveproxy   # on ${host}; if it runs, a firewall between the agent and port ${port} is in the way`,
  )

function judgeLeaf(about: string, leaf: CertificateFacts, now: number): Finding {
  const days = Math.floor((leaf.endsAt - now) / (24 * 3_600_000))
  if (leaf.endsAt - now < SOON_MS && !OWN_AUTHORITY.test(leaf.issuer))
    return warning(
      'certificate-expiring',
      about,
      `its certificate ends in ${days} days and Proxmox does not renew certificates of ${leaf.issuer}`,
      'pvenode acme cert renew   # or: pvenode cert set CERTIFICATE.pem KEY.pem --force 1 --restart 1',
    )
  return fine('endpoint-reached', about, `reached and trusted; its certificate ends in ${days} days`)
}

/** A pinned leaf is trusted as it is, whatever its name and its end; the only thing that can happen is its renewal. */
function judgeFingerprint(about: string, host: string, leaf: CertificateFacts, pins: readonly string[]): Finding {
  const { fingerprint, issuer } = leaf
  if (!pins.some((pin) => pin.toUpperCase() === fingerprint))
    return trouble(
      'fingerprint-differs',
      about,
      `it shows the certificate ${fingerprint}, which is not among proxmox.fingerprints`,
      `openssl x509 -in /etc/pve/local/pve-ssl.pem -noout -fingerprint -sha256   # on ${host}: write it down if it is that one, else somebody is in between`,
    )
  if (OWN_AUTHORITY.test(issuer))
    return warning(
      'leaf-pinned',
      about,
      'its certificate is pinned, and Proxmox replaces it at least every two years; pin its authority',
      `scp root@${host}:/etc/pve/pve-root-ca.pem /etc/lanline/pve-root-ca.pem   # and proxmox.caFile in place of proxmox.fingerprints`,
    )
  return fine('endpoint-reached', about, 'reached, and its certificate is the one pinned')
}

function judgeDistrust(about: string, host: string, { distrust, leaf }: TlsFacts, pinned: boolean): Finding {
  switch (distrust) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return trouble(
        'certificate-name-differs',
        about,
        `its certificate is not for ${host} but for ${leaf.names.join(', ')}`,
        `write one of these names into proxmox.endpoints, or make the certificate anew: pvecm updatecerts --force && systemctl restart pveproxy`,
      )
    case 'CERT_HAS_EXPIRED':
      return trouble(
        'certificate-expired',
        about,
        `its certificate ended on ${new Date(leaf.endsAt).toISOString()}`,
        'pvecm updatecerts --force && systemctl restart pveproxy   # on the host; a custom one: pvenode acme cert renew',
      )
    case 'CERT_NOT_YET_VALID':
      return trouble(
        'certificate-not-yet-valid',
        about,
        `its certificate begins on ${new Date(leaf.beginsAt).toISOString()}: a clock is wrong`,
        "timedatectl set-ntp true   # on the agent's machine and on the host",
      )
    default:
      return trouble(
        'certificate-untrusted',
        about,
        `its certificate is from ${leaf.issuer}, ${pinned ? 'which is not the authority in proxmox.caFile' : 'which this machine does not trust'} (${distrust})`,
        `scp root@${host}:/etc/pve/pve-root-ca.pem /etc/lanline/pve-root-ca.pem   # and proxmox.caFile: /etc/lanline/pve-root-ca.pem; with a certificate of a public authority leave caFile out`,
      )
  }
}

function judgePin(pinned: readonly CertificateFacts[], now: number): readonly Finding[] {
  const about = 'proxmox.caFile'
  if (!pinned.some(({ authority }) => authority))
    return [
      trouble(
        'pin-is-no-authority',
        about,
        'it holds the certificate of a host, which Proxmox replaces at least every two years; pin the authority',
        'scp root@HOST:/etc/pve/pve-root-ca.pem /etc/lanline/pve-root-ca.pem',
      ),
    ]
  return pinned
    .filter(({ authority, endsAt }) => authority && endsAt - now < AUTHORITY_SOON_MS)
    .map(({ subject, endsAt }) =>
      warning(
        'authority-expiring',
        about,
        `the authority ${subject} ends on ${new Date(endsAt).toISOString()}`,
        'rm /etc/pve/pve-root-ca.pem /etc/pve/priv/pve-root-ca.key && pvecm updatecerts --force   # then copy the new one to the agent',
      ),
    )
}
