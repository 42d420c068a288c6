import { randomBytes } from 'node:crypto'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Changes } from './changes.ts'

/**
 * The etcd of one cluster, as its members would agree on it: who is a member, who votes, who leads, and whether there
 * is a quorum. It holds no keys and no values; it knows only what makes membership go wrong.
 */
export interface EtcdMember {
  readonly id: bigint
  readonly name: string
  /** The node it lives on, by SMBIOS UUID. */
  readonly uuid: string
  address: string
  learner: boolean
  running: boolean
  /** What defragmenting would give back. */
  fragmentedBytes: number
}

/** etcd's numbers: 1 is NOSPACE, 2 is CORRUPT. */
export type EtcdAlarm = 1 | 2

/** Freed pages a young database carries. */
const FRAGMENTED_BYTES = 12 * 1024 * 1024

export type EtcdRefusal = 'no-quorum' | 'no-such-member' | 'learner-in-progress' | 'only-one-member' | 'unhealthy'

export class Etcd {
  readonly #members = new Map<bigint, EtcdMember>()
  readonly #changes: Changes
  #leader: bigint | undefined
  #term = 1n
  #index = 10n
  /** By member. */
  readonly alarms = new Map<bigint, EtcdAlarm>()
  /** Who bootstrapped it, by UUID; a cluster is born once. */
  bootstrappedBy: string | undefined

  constructor(changes: Changes) {
    this.#changes = changes
  }

  members(): readonly EtcdMember[] {
    return [...this.#members.values()]
  }
  member(id: bigint | undefined): EtcdMember | undefined {
    return id === undefined ? undefined : this.#members.get(id)
  }
  get leader(): bigint | undefined {
    return this.#leader
  }
  get term(): bigint {
    return this.#term
  }
  get index(): bigint {
    return this.#index
  }
  #voters(): readonly EtcdMember[] {
    return this.members().filter((member) => !member.learner)
  }
  hasQuorum(): boolean {
    const voters = this.#voters()
    return voters.length > 0 && voters.filter((member) => member.running).length > Math.floor(voters.length / 2)
  }

  /** The first member of a new cluster. The caller has made sure that there is no cluster yet. */
  bootstrap(uuid: string, name: string, address: string): EtcdMember {
    this.bootstrappedBy = uuid
    return this.#add({
      id: newMemberId(),
      name,
      uuid,
      address,
      learner: false,
      running: true,
      fragmentedBytes: FRAGMENTED_BYTES,
    })
  }

  /** Adds a learner; a stale member of the same name is removed first, and there is one learner at a time. */
  addLearner(uuid: string, name: string, address: string): Result<EtcdMember, EtcdRefusal> {
    if (!this.hasQuorum()) return err('no-quorum')
    for (const stale of this.members().filter((member) => member.name === name)) this.#members.delete(stale.id)
    if (this.members().some((member) => member.learner)) return err('learner-in-progress')
    return ok(
      this.#add({
        id: newMemberId(),
        name,
        uuid,
        address,
        learner: true,
        running: true,
        fragmentedBytes: FRAGMENTED_BYTES,
      }),
    )
  }

  promote(id: bigint): Result<undefined, EtcdRefusal> {
    const member = this.#members.get(id)
    if (!member) return err('no-such-member')
    if (!this.hasQuorum()) return err('no-quorum')
    member.learner = false
    this.#settle()
    return ok(undefined)
  }

  /**
   * Takes a member out. There must be a quorum to agree on it, and a member that runs goes only when those that run
   * without it are a quorum of those that stay (etcd's strict reconfiguration check); a dead one is safe to remove.
   */
  remove(id: bigint): Result<undefined, EtcdRefusal> {
    const member = this.#members.get(id)
    if (!member) return err('no-such-member')
    if (!this.hasQuorum()) return err('no-quorum')
    if (this.members().length === 1) return err('only-one-member')
    const voters = this.#voters()
    const runningCount = voters.filter((voter) => voter.running).length
    if (!member.learner && member.running && runningCount - 1 < 1 + Math.floor((voters.length - 1) / 2))
      return err('unhealthy')
    this.#members.delete(id)
    this.#settle()
    return ok(undefined)
  }

  /** A member's process comes up or goes down. */
  setRunning(id: bigint, running: boolean, address?: string): void {
    const member = this.#members.get(id)
    if (!member) return
    member.running = running
    if (address !== undefined) member.address = address
    this.#settle()
  }

  /** Hands leadership to another running voter; answers the new leader, or undefined when `id` did not lead. */
  forfeit(id: bigint): Result<EtcdMember | undefined, EtcdRefusal> {
    if (this.members().length < 2) return err('only-one-member')
    if (this.#leader !== id) return ok(undefined)
    const next = this.#voters().find((member) => member.running && member.id !== id)
    if (!next) return err('no-quorum')
    this.#elect(next.id)
    return ok(next)
  }

  #add(member: EtcdMember): EtcdMember {
    this.#members.set(member.id, member)
    this.#settle()
    return member
  }

  /** After every change: a leader that is gone is replaced while there is a quorum, and nobody leads without one. */
  #settle(): void {
    this.#index += 1n
    const leader = this.member(this.#leader)
    if (!this.hasQuorum()) this.#leader = undefined
    else if (!leader?.running) {
      const next = this.#voters().find((member) => member.running)
      if (next) return this.#elect(next.id)
    }
    this.#changes.bump()
  }

  #elect(id: bigint): void {
    this.#leader = id
    this.#term += 1n
    this.#changes.bump()
  }
}

function newMemberId(): bigint {
  return BigInt(`0x${randomBytes(8).toString('hex')}`) | 1n
}
