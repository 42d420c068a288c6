import type { Result } from '#core/base/result.ts'
import type { DeskStatus } from '../commands/desk.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { Enrolment } from '../identity/enrolment.ts'
import type { FileFacts } from './probe/own-files.ts'
import type { JournalFacts } from './probe/own-journal.ts'
import type { RelayFacts } from './probe/relay.ts'
import type { ServiceFacts } from './probe/service.ts'

/** The doctor's eyes on its own machine. Nothing is changed: not the journal's count of openings, not a session. */
export interface OwnLook {
  readonly config: Result<LoadedConfig, string>
  readonly stateDir: string
  readonly files: readonly FileFacts[]
  readonly enrolment: Result<Enrolment | undefined, string>
  /** Free bytes where the journal grows; undefined: not to be told. */
  readonly freeBytes: number | undefined
  /** What the running service says of itself; undefined: none runs. */
  readonly desk: DeskStatus | undefined
  journal(): JournalFacts
  service(): Promise<ServiceFacts | undefined>
  /** Undefined: not enrolled, so there is no relay to ask. */
  relay(): Promise<Result<RelayFacts, string> | undefined>
}
