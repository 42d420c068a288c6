import { z } from 'zod'
import { parseMiB } from '../base/units.ts'

/** A binary quantity such as `8Gi`, kept as people wrote it; `mebibytes()` turns it into a number. */
export const Quantity = z.string().superRefine((text, context) => {
  const parsed = parseMiB(text)
  if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.error })
})

/** Number of MiB of a quantity that has passed its schema. */
export function mebibytes(quantity: string): number {
  const parsed = parseMiB(quantity)
  if (!parsed.ok) throw new Error(`invariant broken: unchecked quantity ${quantity}`)
  return parsed.value
}
