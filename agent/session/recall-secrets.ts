import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { Session } from './session.ts'

/** Asks the cloud for sealed bundles that this agent does not have. */
export interface SecretsRecall {
  /** The ciphertext as the cloud holds it; undefined when it has none. Problem: unavailable (later). */
  recall(clusterUid: string, version: number): Promise<Result<string | undefined, Problem>>
  /** A session can carry questions: those still open are asked on it. */
  connected(session: Session): void
  answered(clusterUid: string, version: number, ciphertext: string | undefined): void
}

/** A reconnect, one round trip and a read of D1, with room. */
const WAIT_MS = 10_000

interface Question {
  readonly clusterUid: string
  readonly version: number
  readonly answer: (result: Result<string | undefined, Problem>) => void
}

export function createSecretsRecall(current: () => Session | undefined): SecretsRecall {
  const open = new Set<Question>()

  const ask = (session: Session | undefined, { clusterUid, version }: Question): void => {
    if (session?.epoch() !== undefined) session.send({ type: 'secrets.get', clusterUid, version })
  }

  return {
    recall: (clusterUid, version) =>
      new Promise((resolve) => {
        const question: Question = {
          clusterUid,
          version,
          answer: (result) => {
            clearTimeout(timer)
            open.delete(question)
            resolve(result)
          },
        }
        const timer = setTimeout(
          () => question.answer(err(problem('unavailable', { part: 'the cloud', clusterUid, version }))),
          WAIT_MS,
        )
        open.add(question)
        ask(current(), question)
      }),
    connected(session) {
      for (const question of open) ask(session, question)
    },
    answered(clusterUid, version, ciphertext) {
      for (const question of open)
        if (question.clusterUid === clusterUid && question.version === version) question.answer(ok(ciphertext))
    },
  }
}
