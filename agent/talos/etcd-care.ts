import type { CallOptions, Client } from '@connectrpc/connect'
import { err, type Result } from '#core/base/result.ts'
import { problem, type Facts, type Problem } from '#core/model/problem.ts'
import { movingWithin, type Calls } from './calls.ts'
import { isAlreadyBootstrapped } from './errors.ts'
import type { EtcdAlarm, NodeEtcdCare, Snapshot, SnapshotForm } from './node-etcd.ts'
import { EtcdAlarm_Type, type EtcdAlarmResponse, type MachineService } from './proto/machine_pb.js'
import { bytesOf, checkDone, theOnly } from './replies.ts'
import { toMemberId } from './shapes.ts'
import { checkSnapshot } from './snapshot-check.ts'

/** As upstream sends it: a node writes each message to its disk before it takes the next. */
const RECOVER_CHUNK_BYTES = 4 * 1024

/** `NodeEtcdCare` over gRPC. */
export function nodeEtcdCare(machine: Client<typeof MachineService>, calls: Calls): NodeEtcdCare {
  const { address, limits } = calls
  const facts: Facts = { address }

  return {
    snapshot(sink, signal) {
      const asked = { name: 'snapshot', kind: 'read', signal, timeoutMs: limits.snapshotMs } as const
      return calls.attempt(asked, async (options) => {
        const check = checkSnapshot('snapshot')
        for await (const chunk of movingWithin(bytesOf(machine.etcdSnapshot({}, options)), limits.stalledMs)) {
          check.push(chunk)
          const written = await sink.write(chunk)
          if (!written.ok) return written
        }
        return check.finish(facts)
      })
    },

    recover(source, form, signal) {
      // Until the stream ends well the node keeps nothing, so a lost answer costs only the sending.
      const asked = { name: 'recover', kind: 'read', signal, timeoutMs: limits.snapshotMs } as const
      return calls.attempt(asked, async (options) => {
        const check = checkSnapshot(form)
        let sent: Result<Snapshot, Problem> | undefined
        /** A failure here breaks the stream off, and the node throws away what it has. */
        async function* chunks() {
          for await (const chunk of source) {
            if (!chunk.ok) sent = chunk
            if (!chunk.ok) throw new Error('the source of the snapshot failed')
            check.push(chunk.value)
            for (let at = 0; at < chunk.value.length; at += RECOVER_CHUNK_BYTES)
              yield { bytes: chunk.value.subarray(at, at + RECOVER_CHUNK_BYTES) }
          }
          sent = check.finish(facts)
          if (!sent.ok) throw new Error('the snapshot is damaged')
        }
        try {
          checkDone(await machine.etcdRecover(chunks(), options))
        } catch (error) {
          if (sent?.ok === false) return sent
          throw error
        }
        // A node that ends the call well before it has read everything has not got it.
        return sent ?? err(problem('snapshot-damaged', { ...facts, reason: 'the node stopped reading' }))
      })
    },

    bootstrapFromSnapshot: (form, signal) =>
      calls.effect('bootstrapFromSnapshot', signal, (options) => startEtcd(machine, form, options)),

    alarms: (signal) =>
      calls.read('alarms', signal, async (options) => toAlarms(await machine.etcdAlarmList({}, options))),
    disarmAlarms: (signal) =>
      calls.effect('disarmAlarms', signal, async (options) => toAlarms(await machine.etcdAlarmDisarm({}, options))),
    defragment: (signal) =>
      calls.effect(
        'defragment',
        signal,
        async (options) => checkDone(await machine.etcdDefragment({}, options)),
        // It rewrites the whole database.
        limits.snapshotMs,
      ),
  }
}

async function startEtcd(machine: Client<typeof MachineService>, form: SnapshotForm, options: CallOptions) {
  try {
    checkDone(await machine.bootstrap({ recoverEtcd: true, recoverSkipHashCheck: form === 'raw-copy' }, options))
    return 'started' as const
  } catch (error) {
    if (isAlreadyBootstrapped(error)) return 'already-bootstrapped' as const
    throw error
  }
}

const ALARMS: Readonly<Record<EtcdAlarm_Type, EtcdAlarm['alarm']>> = {
  [EtcdAlarm_Type.NONE]: 'none',
  [EtcdAlarm_Type.NOSPACE]: 'no-space',
  [EtcdAlarm_Type.CORRUPT]: 'corrupt',
}

const toAlarms = ({ messages }: EtcdAlarmResponse): readonly EtcdAlarm[] =>
  theOnly(messages).memberAlarms.map(({ memberId, alarm }) => ({
    memberId: toMemberId(memberId),
    alarm: ALARMS[alarm],
  }))
