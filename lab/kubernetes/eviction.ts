import { textOf } from '../talos/config/shape.ts'
import { budgetsOver, refusalBy } from './budgets.ts'
import { at, isLeaving, phaseOf } from './fields.ts'
import { conflict, notFound, statusBody, type Status } from './status.ts'
import type { Subresource } from './subresources.ts'

/** The eviction subresource: a deletion that asks the pod's budget first. */
export const EVICTION: Subresource = {
  of: 'pods',
  name: 'eviction',
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  verbs: ['create'],
  answer({ cluster }, { name = '', namespace }, { object }) {
    const { store } = cluster
    const pod = store.find('pods', name, namespace)
    if (!pod) return refuse(notFound('pods', name))
    const wanted = at(object, 'deleteOptions', 'preconditions', 'uid')
    if (wanted !== undefined && wanted !== pod.metadata.uid) return refuse(conflict('pods', name, textOf(wanted)))
    const grace = at(object, 'deleteOptions', 'gracePeriodSeconds')

    // What does not run, or goes already, is not what budgets are about.
    const isFree = isLeaving(pod) || ['Pending', 'Succeeded', 'Failed'].includes(phaseOf(pod))
    const budgets = isFree ? [] : budgetsOver(store, pod)
    if (budgets.length > 1)
      return refuse({
        code: 500,
        reason: 'InternalError',
        message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      })
    const refusal = budgets[0] && refusalBy(store, budgets[0], pod)
    if (refusal !== undefined)
      return refuse({
        code: 429,
        reason: 'TooManyRequests',
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: { causes: [{ reason: 'DisruptionBudget', message: refusal }] },
      })
    cluster.pods.shutDown(pod, typeof grace === 'number' ? grace : undefined)
    return { status: 201, body: statusBody({ code: 201, reason: '', message: '' }) }
  },
}

const refuse = (status: Status) => ({ status: status.code, body: statusBody(status) })
