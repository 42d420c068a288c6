import { err, ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { problem, type Problem, type ProblemCode } from '#core/model/problem.ts'
import type { HandlerDeps } from '#agent/operations/deps.ts'
import type { EtcdMember, TalosNode } from '#agent/talos/node.ts'
import type { ClientIdentity } from '#agent/vault/client-identity.ts'
import { FakeKubernetes } from './fake-kubernetes.ts'
import { silentNode } from './silent-node.ts'

/**
 * Talos machines as handlers see them, in memory: a state each and one etcd between them. It keeps the promises of
 * `TalosNode` and counts what can only be done once; the real protocol is tested where it is spoken.
 */
export interface FakeMachine {
  readonly machineId: string
  readonly name: string
  readonly address: string
  reachable: boolean
  /** `foreign`: answers with somebody else's certificate. */
  stage: 'maintenance' | 'configured' | 'foreign'
  config: string | undefined
  etcd: 'absent' | 'Preparing' | 'Running'
}

export class FakeCluster {
  readonly machines: FakeMachine[] = []
  members: EtcdMember[] = []
  /** Calls with an effect, as `bootstrap cp-1`. */
  readonly effects: string[] = []
  readonly kubernetes = new FakeKubernetes()
  readonly #lost = new Map<string, { times: number; worked: boolean }>()

  add(machine: Partial<FakeMachine> & Pick<FakeMachine, 'machineId' | 'name' | 'address'>): FakeMachine {
    const made = { reachable: true, stage: 'configured', config: undefined, etcd: 'absent', ...machine } as const
    const mutable: FakeMachine = { ...made }
    this.machines.push(mutable)
    this.kubernetes.addNode(machine.name)
    return mutable
  }

  join(machine: FakeMachine): void {
    machine.etcd = 'Running'
    const id = (this.members.length + 1).toString(16).padStart(16, '0')
    this.members = [...this.members, { id, hostname: machine.name, addresses: [machine.address], learner: false }]
  }

  /** The next calls of this effect get no answer; `worked` tells whether they were carried out. */
  loseAnswers(effect: string, worked: boolean, times = 1): void {
    this.#lost.set(effect, { times, worked })
  }

  deps(provider: HandlerDeps['provider'], secrets: HandlerDeps['secrets']): HandlerDeps {
    return {
      provider,
      secrets,
      talos: {
        connect: (address, credentials, machineId) => this.#node(address, credentials, machineId),
        probe: (address, credentials) => Promise.resolve(this.#probe(address, credentials !== undefined)),
      },
      kubernetes: {
        connect: () => this.kubernetes.client(),
      },
      factory: { host: 'factory.test', register: () => Promise.resolve(ok('')), imageUrl: () => '' },
      addresses: { findListener: () => Promise.resolve(undefined) },
      configured: { find: () => undefined },
    }
  }

  #at(address: string): FakeMachine | undefined {
    return this.machines.find((machine) => machine.address === address && machine.reachable)
  }

  #probe(address: string, withCredentials: boolean): Awaited<ReturnType<HandlerDeps['talos']['probe']>> {
    const machine = this.#at(address)
    if (!machine) return { is: 'absent', problem: problem('node-unreachable', { address }) }
    if (machine.stage === 'foreign') return { is: 'foreign', problem: problem('node-unauthorized', { address }) }
    if (machine.stage === 'maintenance') return { is: 'maintenance', uuid: machine.machineId }
    return { is: 'configured', uuid: withCredentials ? machine.machineId : undefined }
  }

  #effect(name: string, machine: FakeMachine, work: () => void): Result<void, Problem> {
    const lost = this.#lost.get(name)
    if (lost && --lost.times <= 0) this.#lost.delete(name)
    if (!lost || lost.worked) {
      this.effects.push(`${name} ${machine.name}`)
      work()
    }
    return lost ? err(problem('outcome-unknown', { call: name })) : ok(undefined)
  }

  #node(address: string, credentials: ClientIdentity | 'maintenance', expected: string | undefined): TalosNode {
    const refuse = (code: ProblemCode) => Promise.resolve(err(problem(code, { address })))
    const use = <T>(work: (machine: FakeMachine) => Result<T, Problem>): Promise<Result<T, Problem>> => {
      const machine = this.#at(address)
      if (!machine) return refuse('node-unreachable')
      const fits = (credentials === 'maintenance') === (machine.stage === 'maintenance')
      return fits && machine.stage !== 'foreign' ? Promise.resolve(work(machine)) : refuse('node-unauthorized')
    }
    return {
      ...silentNode(address),
      readIdentity: () => use((machine) => ok({ uuid: machine.machineId })),
      version: () => use(() => ok({ tag: 'v1.13.9', platform: 'nocloud' })),
      serviceList: () =>
        use(({ etcd }) => ok([{ id: 'etcd', state: etcd, healthy: etcd === 'Running', lastMessage: '' }])),
      activeConfig: () => use((machine) => ok(new Secret(machine.config ?? ''))),
      applyConfiguration: (yaml) =>
        use((machine) => {
          if (expected !== undefined && expected !== machine.machineId) return err(problem('node-foreign', { address }))
          const done = this.#effect('applyConfiguration', machine, () => {
            machine.stage = 'configured'
            machine.config = yaml.reveal()
          })
          return done.ok ? ok({ warnings: [], details: '' }) : done
        }),
      bootstrap: () =>
        use((machine) => {
          if (machine.etcd === 'Running') return ok('already-bootstrapped' as const)
          const done = this.#effect('bootstrap', machine, () => this.join(machine))
          return done.ok ? ok('started' as const) : done
        }),
      etcdMembers: () =>
        use((machine) => (machine.etcd === 'Running' ? ok(this.members) : err(problem('check-failed', { address })))),
      forfeitLeadership: () => use(() => ok({ movedTo: undefined })),
      leaveEtcd: () =>
        use((machine) =>
          this.#effect('leaveEtcd', machine, () => {
            machine.etcd = 'absent'
            this.members = this.members.filter((member) => member.hostname !== machine.name)
          }),
        ),
      removeMember: (memberId) =>
        use((machine) =>
          this.#effect('removeMember', machine, () => {
            this.members = this.members.filter((member) => member.id !== memberId)
          }),
        ),
    }
  }
}
