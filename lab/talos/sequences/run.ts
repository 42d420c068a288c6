import { create } from '@bufbuild/protobuf'
import type { TalosNode } from '../node.ts'
import {
  PhaseEventSchema,
  PhaseEvent_Action,
  SequenceEventSchema,
  SequenceEvent_Action,
  TaskEventSchema,
  TaskEvent_Action,
} from '../proto/events_pb.js'

/** A step of a sequence: it takes so much lab time, then does what it is for. */
export interface Task {
  readonly name: string
  readonly ms?: number
  readonly act?: () => Promise<void> | void
}
export interface Phase {
  readonly name: string
  readonly tasks: readonly Task[]
}

/**
 * Goes through a sequence as machined does: phase after phase, each step told as events of the actor and as lines of
 * the kernel's ring. True when it got to the end; false when the power went on the way.
 */
export async function runSequence(
  node: TalosNode,
  sequence: string,
  actorId: string,
  phases: readonly Phase[],
): Promise<boolean> {
  const { events, journal, signal } = node
  const say = (text: string) => journal.kernel(`[talos] ${text}`)
  const tellSequence = (action: SequenceEvent_Action) =>
    events.emit(SequenceEventSchema, create(SequenceEventSchema, { sequence, action }), actorId)
  tellSequence(SequenceEvent_Action.START)
  say(`${sequence} sequence: ${phases.length} phase(s)`)
  for (const [at, phase] of phases.entries()) {
    const tellPhase = (action: PhaseEvent_Action) =>
      events.emit(PhaseEventSchema, create(PhaseEventSchema, { phase: phase.name, action }), actorId)
    tellPhase(PhaseEvent_Action.START)
    say(`phase ${phase.name} (${at + 1}/${phases.length}): ${phase.tasks.length} tasks(s)`)
    for (const [number, task] of phase.tasks.entries()) {
      const position = `task ${task.name} (${number + 1}/${phase.tasks.length})`
      events.emit(
        TaskEventSchema,
        create(TaskEventSchema, { task: task.name, action: TaskEvent_Action.START }),
        actorId,
      )
      say(`${position}: starting`)
      if (task.ms !== undefined) await node.world.time.pass(task.ms, signal)
      if (signal.aborted) return false
      await task.act?.()
      if (signal.aborted) return false
      say(`${position}: done, ${((task.ms ?? 0) / 1000).toFixed(3)}s`)
      events.emit(TaskEventSchema, create(TaskEventSchema, { task: task.name, action: TaskEvent_Action.STOP }), actorId)
    }
    tellPhase(PhaseEvent_Action.STOP)
    say(`phase ${phase.name} (${at + 1}/${phases.length}): done`)
  }
  tellSequence(SequenceEvent_Action.STOP)
  say(`${sequence} sequence: done`)
  return true
}
