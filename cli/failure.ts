import { err } from '#core/base/result.ts'
import type { ExitCode } from './exit-codes.ts'

/** Why a command did not do what was asked: the lines a person reads on stderr and the code a script reads. */
export interface Failure {
  readonly exit: ExitCode
  /** Never empty. The first line says what happened, the others what to do; colours are already in. */
  readonly lines: readonly string[]
}

export const fail = (exit: ExitCode, ...lines: readonly string[]): { readonly ok: false; readonly error: Failure } =>
  err({ exit, lines })
