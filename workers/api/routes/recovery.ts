import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { Uid } from '#core/model/ids.ts'
import { Placement } from '#core/model/placement.ts'
import { findAgent } from '#db/agents.ts'
import { recordAudit } from '#db/audit.ts'
import { findDocument } from '#db/documents.ts'
import { gatherCluster } from '#db/gather.ts'
import { listSealedSecrets, putSealedCopy, revealSealedSecrets, type ListedSecrets } from '#db/sealed-secrets.ts'
import { findStatus } from '#db/statuses.ts'
import { actorOf } from '../actor.ts'
import { iso, toDocumentAnswer } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { clusterObject, siteObject } from '../objects.ts'
import { toCursor, readNumberCursor } from '../paging.ts'
import { route } from '../route.ts'
import { Params } from './documents.ts'

/**
 * Leaving, and beginning again: the bundles as ciphertext, which only the owner's recovery key or an agent opens, and what
 * else a cluster is made of. Handing a bundle to a person is audited, and marks its cluster until its authorities are new.
 */
const MAX_SEALED_CHARS = 64 * 1024
/** Each of their clusters is woken, and a request may make 50 subrequests. */
const PAGE = 20

const SealedAnswer = z
  .object({
    clusterUid: Uid,
    clusterName: z.string().optional().openapi({ description: 'absent when the cluster is gone' }),
    site: z.string().optional(),
    version: z.int(),
    ciphertext: z.string().openapi({ description: 'age, armoured' }),
    recipients: z.array(z.string()),
    createdAt: z.iso.datetime(),
  })
  .openapi('SealedSecrets')

const toAnswer = ({ createdAt, clusterName, site, clusterUid, version, ciphertext, recipients }: ListedSecrets) => ({
  clusterUid,
  version,
  ciphertext,
  recipients: [...recipients],
  ...(clusterName === undefined ? {} : { clusterName }),
  ...(site === undefined ? {} : { site }),
  createdAt: iso(createdAt),
})

const ExportAnswer = z
  .object({
    clusterUid: Uid,
    talosContract: z.string().optional(),
    documents: z.array(z.record(z.string(), z.unknown())).openapi({ description: 'the cluster and what it refers to' }),
    placements: z.array(Placement),
    sealed: SealedAnswer.optional(),
  })
  .openapi('ClusterExport')

export function registerRecovery(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'post',
      path: '/v1/recoveries',
      access: { to: 'admin', on: 'everything' },
      tags: ['recovery'],
      summary: 'Hand out every sealed bundle, page by page',
      request: {
        body: {
          required: true,
          content: {
            'application/json': {
              schema: z
                .strictObject({
                  reveal: z.boolean().openapi({ description: 'whether a person will open them; marks the clusters' }),
                  cursor: z.string().max(200).optional(),
                })
                .openapi('Recovery'),
            },
          },
        },
      },
      responses: responses(
        {
          status: 200,
          description: 'one page, oldest first',
          schema: z.object({ items: z.array(SealedAnswer), nextCursor: z.string().optional() }),
        },
        ['invalid-request', 'invalid-document'],
      ),
    }),
    async (c) => {
      const { reveal, cursor } = c.req.valid('json')
      const after = readNumberCursor(cursor)
      if (!after.ok) return problemResponse(c, after.error)
      const found = await listSealedSecrets(c.var.db, { limit: PAGE + 1, after: after.value })
      const items = found.slice(0, PAGE)
      if (reveal) {
        await revealSealedSecrets(c.var.db, items, actorOf(c))
        const uids = new Set(items.flatMap(({ clusterUid, clusterName }) => (clusterName ? [clusterUid] : [])))
        c.executionCtx.waitUntil(Promise.all([...uids].map((uid) => clusterObject(c.env, uid).wake(uid, 0))))
      }
      const last = items.at(-1)
      const more = found.length > PAGE && last !== undefined
      return answer(c, { items: items.map(toAnswer), ...(more ? { nextCursor: toCursor(last.place) } : {}) })
    },
  )

  app.openapi(
    route({
      method: 'post',
      path: '/v1/clusters/{name}/exports',
      access: { to: 'admin', on: 'Cluster' },
      tags: ['recovery'],
      summary: 'Hand out all that a cluster is made of, its secrets sealed',
      request: { params: Params },
      responses: responses({ status: 200, description: 'for life without Lanline', schema: ExportAnswer }, [
        'invalid-request',
        'not-found',
      ]),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const found = await findDocument(c.var.db, 'Cluster', name)
      const gathered = found && (await gatherCluster(c.var.db, found.uid))
      if (!gathered) return problemResponse(c, refusal('not-found', { kind: 'Cluster', name }))
      const { cluster, site, networks, machineClasses } = gathered
      const bundles = await listSealedSecrets(c.var.db, { limit: 1_000, clusterUid: cluster.uid })
      const sealed = bundles.toSorted((a, b) => a.version - b.version).at(-1)
      const placements = site ? (await siteObject(c.env, site.uid).ledger(site.uid)).placements : []
      const status = (await findStatus(c.var.db, cluster.uid))?.status as { talosContract?: string } | undefined
      await revealSealedSecrets(c.var.db, sealed ? [sealed] : [], actorOf(c))
      c.executionCtx.waitUntil(clusterObject(c.env, cluster.uid).wake(cluster.uid, 0))
      const documents = [cluster, ...(site ? [site] : []), ...Object.values(networks), ...Object.values(machineClasses)]
      return answer(c, {
        clusterUid: cluster.uid,
        ...(status?.talosContract === undefined ? {} : { talosContract: status.talosContract }),
        documents: documents.map((document) => toDocumentAnswer(document, undefined)),
        placements: placements.filter(({ clusterUid }) => clusterUid === cluster.uid),
        ...(sealed ? { sealed: toAnswer(sealed) } : {}),
      })
    },
  )

  app.openapi(
    route({
      method: 'post',
      path: '/v1/sites/{name}/agents/{agentId}/sealed-copies',
      access: { to: 'admin', on: 'Site' },
      tags: ['recovery'],
      summary: 'Keep a bundle sealed anew for an agent that was admitted later',
      request: {
        params: Params.extend({ agentId: Uid }),
        body: {
          required: true,
          content: {
            'application/json': {
              schema: z
                .strictObject({
                  clusterUid: Uid,
                  version: z.int().positive(),
                  ciphertext: z.string().max(MAX_SEALED_CHARS),
                })
                .openapi('SealedCopy'),
            },
          },
        },
      },
      responses: responses({ status: 201, description: 'kept', schema: z.object({ agentId: Uid }) }, [
        'invalid-request',
        'invalid-document',
        'not-found',
      ]),
    }),
    async (c) => {
      const { name, agentId } = c.req.valid('param')
      const copy = c.req.valid('json')
      const site = await findDocument(c.var.db, 'Site', name)
      const agent = site && (await findAgent(c.var.db, agentId))
      const known = await listSealedSecrets(c.var.db, { limit: 1_000, clusterUid: copy.clusterUid })
      const original = known.find(({ version }) => version === copy.version)
      if (!agent || agent.siteUid !== site.uid || agent.revokedAt !== undefined || original?.site !== name)
        return problemResponse(c, refusal('not-found', { site: name, agentId, clusterUid: copy.clusterUid }))
      await putSealedCopy(c.var.db, { ...copy, agentId }, c.var.now)
      const facts = { agentId, clusterUid: copy.clusterUid, version: copy.version }
      await recordAudit(c.var.db, actorOf(c), [{ action: 'secrets.copied', kind: 'Site', name, uid: site.uid, facts }])
      return answer(c, { agentId }, 201)
    },
  )
}
