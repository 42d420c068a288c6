import { fromBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf'
import type { Any } from '@bufbuild/protobuf/wkt'
import type { EventBody } from './node-streams.ts'
import {
  ConfigLoadErrorEventSchema,
  ConfigValidationErrorEventSchema,
  MachineStatusEventSchema,
  MachineStatusEvent_MachineStage as Stage,
  PhaseEventSchema,
  PhaseEvent_Action,
  SequenceEventSchema,
  SequenceEvent_Action,
  ServiceStateEventSchema,
  ServiceStateEvent_Action,
  TaskEventSchema,
  TaskEvent_Action,
} from './proto/events_pb.js'

/** From the payload of an event to our words. An event of a newer Talos that we do not know is `other`, never an error. */
export function eventBody({ typeUrl, value }: Any): EventBody {
  const decode = DECODERS[typeUrl.slice(typeUrl.lastIndexOf('/') + 1)]
  return decode ? decode(value) : { is: 'other', type: typeUrl }
}

const decoder =
  <D extends DescMessage>(schema: D, toBody: (event: MessageShape<D>) => EventBody) =>
  (value: Uint8Array): EventBody =>
    toBody(fromBinary(schema, value))

/** By the end of the type, `talos/runtime/machine.<Name>`. Source: internal/app/machined/pkg/runtime/events.go. */
const DECODERS: Readonly<Record<string, (value: Uint8Array) => EventBody>> = {
  'machine.MachineStatusEvent': decoder(MachineStatusEventSchema, ({ stage, status }) => ({
    is: 'stage',
    stage: wordOf(Stage, stage).replace('_', ' '),
    ready: status?.ready ?? false,
    unmet: (status?.unmetConditions ?? []).map(({ name, reason }) => `${name}: ${reason}`),
  })),
  'machine.SequenceEvent': decoder(SequenceEventSchema, ({ sequence, action, error }) => ({
    is: 'sequence',
    sequence,
    action: wordOf(SequenceEvent_Action, action),
    error: error?.message || undefined,
  })),
  'machine.PhaseEvent': decoder(PhaseEventSchema, ({ phase, action }) => ({
    is: 'phase',
    phase,
    action: wordOf(PhaseEvent_Action, action),
  })),
  'machine.TaskEvent': decoder(TaskEventSchema, ({ task, action }) => ({
    is: 'task',
    task,
    action: wordOf(TaskEvent_Action, action),
  })),
  'machine.ServiceStateEvent': decoder(ServiceStateEventSchema, ({ service, action, message }) => ({
    is: 'service',
    service,
    action: wordOf(ServiceStateEvent_Action, action),
    message,
  })),
  'machine.ConfigLoadErrorEvent': decoder(ConfigLoadErrorEventSchema, ({ error }) => ({ is: 'config-error', error })),
  'machine.ConfigValidationErrorEvent': decoder(ConfigValidationErrorEventSchema, ({ error }) => ({
    is: 'config-error',
    error,
  })),
}

/** Lower case; a value newer than we are is its number. */
const wordOf = (words: Readonly<Record<number, string>>, value: number): string =>
  (words[value] ?? String(value)).toLowerCase()
