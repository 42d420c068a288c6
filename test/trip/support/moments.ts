import type { Operation, OperationKind } from '#core/model/operation.ts'
import { findCluster, operationsOf, story, type ClusterShown } from '#tools/stage/clusters.ts'
import { until } from '#tools/stage/until.ts'
import { READY_MS, type Play } from './trip.ts'

/**
 * The moments of a creation, in order. A moment that has begun never un-begins, so a look that comes a little late
 * still finds it.
 */
interface Look {
  readonly cluster: ClusterShown
  readonly operations: readonly Operation[]
  readonly play: Play
}

const begun = (kind: OperationKind) => (look: Look) =>
  look.operations.some((operation) => operation.kind === kind && operation.startedAt !== undefined)

const guests = ({ play }: Look) => play.site.lab.hypervisor.guests().filter((guest) => !guest.foreign)

const MOMENTS = {
  placed: ({ cluster }: Look) => cluster.status.machines.some((machine) => machine.vmid !== undefined),
  'image under way': begun('image.ensure'),
  creating: begun('machine.create'),
  created: (look: Look) => guests(look).length > 0,
  running: (look: Look) => guests(look).some((guest) => guest.running !== undefined),
  configuring: begun('machine.configure'),
  bootstrapping: begun('etcd.bootstrap'),
  joined: ({ cluster }: Look) => cluster.status.machines.some(({ phase }) => phase === 'joined' || phase === 'ready'),
  ready: ({ cluster }: Look) => cluster.status.phase === 'ready',
} satisfies Record<string, (look: Look) => boolean>

export type Moment = keyof typeof MOMENTS
export const moments = Object.keys(MOMENTS) as readonly Moment[]

export const untilMoment = (play: Play, moment: Moment): Promise<true> =>
  until(
    `${play.name} is ${moment}`,
    READY_MS,
    async () => {
      const [cluster, operations] = await Promise.all([
        findCluster(play.site.api, play.name),
        operationsOf(play.site.api, play.name),
      ])
      return cluster !== undefined && MOMENTS[moment]({ cluster, operations, play })
    },
    () => story(play.site.api, play.name),
  ) as Promise<true>
