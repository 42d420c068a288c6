import type { OpenAPIHono } from '@hono/zod-openapi'
import { roleAt } from '#core/access/grant.ts'
import { kubeStatus } from '#core/lane/direct-headers.ts'
import { Name } from '#core/model/ids.ts'
import { problem } from '#core/model/problem.ts'
import { findDocument } from '#db/documents.ts'
import { requires } from '../access/access.ts'
import { actorOf } from '../actor.ts'
import type { ApiEnv } from '../env.ts'
import { problemResponse, refusal } from '../http.ts'
import { addressOf } from '../limits.ts'
import { carry } from './carry.ts'
import { recordUse } from './record-use.ts'

/**
 * `/k8s/{cluster}/…`: the Kubernetes API of a cluster with a token of ours and no tunnel, where its owner has asked for it.
 * The agent makes the request in the person's name. Not in the OpenAPI document: what is behind it is Kubernetes' own.
 */
/** What they are told when the request did not reach the cluster. */
const AWAY = 503
const PREFIX = /^\/k8s\/([^/]+)(\/.*)?$/

export function registerDirect(app: OpenAPIHono<ApiEnv>): void {
  app.all('/k8s/*', requires({ to: 'known' }), async (c) => {
    const url = new URL(c.req.url)
    const [, name = '', path = '/'] = PREFIX.exec(url.pathname) ?? []
    const { db } = c.var
    const cluster = Name.safeParse(name).success ? await findDocument(db, 'Cluster', name) : undefined
    const site = cluster?.kind === 'Cluster' ? await findDocument(db, 'Site', cluster.spec.site) : undefined
    const role = site && roleAt(c.var.caller, { site: site.metadata.name, cluster: name })
    // A cluster that did not ask for it, or that the caller may not see, is not there: nothing is learnt about it here.
    if (cluster?.kind !== 'Cluster' || !site || !role || cluster.spec.access?.direct !== true)
      return problemResponse(c, refusal('not-found', { kind: 'Cluster', name }))
    const carried = await carry(c.req.raw, c.env, {
      path: `${path}${url.search}`,
      clusterUid: cluster.uid,
      siteUid: site.uid,
      subject: actorOf(c).actor,
      role,
      source: addressOf(c.req.raw) ?? '',
    })
    recordUse(
      c,
      { name, uid: cluster.uid },
      { method: c.req.method, path, status: carried.ok ? carried.value.status : AWAY },
    )
    if (carried.ok) return carried.value
    if (typeof carried.error !== 'string') return problemResponse(c, { problem: problem(carried.error.code) })
    return c.json(kubeStatus(503, 'ServiceUnavailable', carried.error), 503)
  })
}
