import { createHash } from 'node:crypto'
import type { Role } from '#core/access/role.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import {
  CERTIFICATE_TTL_MS,
  type CredentialAnswer,
  type CredentialRefusal,
  type CredentialRequest,
} from '#core/lane/access.ts'
import { sayProblem, type Problem } from '#core/model/problem.ts'
import type { ChannelPass } from '#core/protocol/frame-payloads.ts'
import type { AccessIssued } from '#core/protocol/lane.ts'
import { GROUP_OF, TALOS_ROLE_OF } from '#core/talos/cluster-access.ts'
import type { Journal } from '../journal/journal.ts'
import { pemOf } from '../vault/pki.ts'
import type { Vault } from '../vault/vault.ts'
import { signRequest } from './sign-request.ts'
import type { Identity } from './verify-identity.ts'

/**
 * A short client certificate for a person, signed with the cluster's own authority (rule L7). Two have to agree: the cloud
 * says which role its user has, and the agent sees for itself, by what was pinned at enrolment, who asks. Journalled
 * before it is handed out, then told to the audit.
 */
export type IssueCredential = (
  clusterUid: string,
  pass: ChannelPass,
  request: CredentialRequest,
) => Promise<Result<CredentialAnswer, CredentialRefusal>>

export interface IssueDeps {
  readonly journal: Pick<Journal, 'watches' | 'issued'>
  readonly vault: Vault
  readonly verify: (assertion: string) => Promise<Result<Identity, Problem>>
  readonly audit: (issued: AccessIssued) => void
  readonly now: () => number
}

/** Names in certificates are read by people and by RBAC; a subject that could be taken for another is refused. */
const USER = /^[\x21-\x7e]{1,200}$/

export function createIssueCredential(deps: IssueDeps): IssueCredential {
  const { journal, vault } = deps
  return async (clusterUid, pass, { what, csr, assertion }) => {
    const identity = await deps.verify(assertion)
    if (!identity.ok) return refuse(identity.error.code, sayProblem(identity.error))
    const { kind, boundTo } = identity.value
    // The owner's assertion is for one request only, whoever carries it.
    if (kind === 'owner' && boundTo !== createHash('sha256').update(csr).digest('base64url'))
      return refuse('identity-refused', 'the assertion is for another request')
    const watch = journal.watches.all().find((known) => known.clusterUid === clusterUid)
    if (!watch || watch.secretsVersion === 0) return refuse('not-found', 'the cluster is still being created')
    const bundle = await vault.bundle(clusterUid, watch.secretsVersion)
    if (!bundle.ok) return refuse(bundle.error.code, sayProblem(bundle.error))

    const user = userOf(identity.value)
    if (!USER.test(user)) return refuse('identity-unusable', 'this identity cannot be a name in a certificate')
    const { role } = pass
    const nowMs = deps.now()
    const ttlMs =
      kind === 'owner' ? CERTIFICATE_TTL_MS[what] : Math.min(CERTIFICATE_TTL_MS[what], identity.value.expiresAt - nowMs)
    const wanted = { what, user, role, ttlMs, nowMs }
    const signed = await signRequest(csr, bundle.value.reveal(), wanted)
    if (!signed.ok) return refuse('invalid-request', signed.error)
    const { cert, authority, expiresAt } = signed.value
    const rights = [rightOf(what, role)]
    journal.issued.record(
      what === 'kubernetes' ? 'kubeconfig' : 'talosconfig',
      clusterUid,
      `${user} in ${rights.join(', ')}`,
      expiresAt,
    )
    deps.audit({ type: 'access.issued', clusterUid, what, subject: user, rights, expiresAt })
    return ok({
      certificate: cert,
      ca: pemOf(authority.crt),
      expiresAt,
      role,
      clusterName: watch.clusterName,
      machines: watch.machines.map(({ name, role: does, address }) => ({ name, role: does, address })),
    })
  }
}

const rightOf = (what: 'kubernetes' | 'talos', role: Role): string =>
  what === 'kubernetes' ? GROUP_OF[role] : TALOS_ROLE_OF[role]

/** Never a name that Kubernetes reserves: no issuer can make itself a node or a service account. */
const userOf = ({ kind, subject }: Identity): string => (kind === 'owner' ? 'lanline:owner' : `lanline:${subject}`)

const refuse = (code: string, text: string): { readonly ok: false; readonly error: CredentialRefusal } =>
  err({ code, text: text.slice(0, 1_000) })
