import type { z } from 'zod'
import { err, ok, type Result } from '../base/result.ts'
import { MAX_MESSAGE_CHARS } from './version.ts'

/** Reads one text frame against a union; unknown fields are ignored, an unknown type is answered with `unsupported`. */
export function readMessage<S extends z.ZodType>(
  union: S,
  frame: string,
): Result<z.infer<S>, { of: string; text: string }> {
  if (frame.length > MAX_MESSAGE_CHARS)
    return err({
      of: 'message',
      text: `a message has at most ${MAX_MESSAGE_CHARS} characters, this one ${frame.length}`,
    })
  let value: unknown
  try {
    value = JSON.parse(frame)
  } catch {
    return err({ of: 'message', text: 'not JSON' })
  }
  const read = union.safeParse(value)
  if (read.success) return ok(read.data)
  const type =
    typeof value === 'object' && value !== null && 'type' in value ? String(value.type).slice(0, 64) : 'message'
  const issue = read.error.issues[0]
  return err({ of: type, text: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`.slice(0, 500) })
}
