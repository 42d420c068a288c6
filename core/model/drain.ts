import { z } from 'zod'

/**
 * How long pods are asked to leave a machine that is about to go, and what happens when some stay: by default the removal
 * waits for a person, because a disruption budget that does not give way may guard the only copy of somebody's data.
 */
const DEFAULT_TIMEOUT = '5m'
/** A removal has 45 minutes in all; the rest is for etcd, the host and what may hold it up. */
const MAX_TIMEOUT_S = 30 * 60

/** `90s`, `5m`: whole and with its unit, because a bare number hides it. */
const SPAN = /^(\d{1,4})(s|m)$/

export const Drain = z.strictObject({
  timeout: z
    .string()
    .regex(SPAN, 'must be a whole number of seconds or minutes, like 90s or 5m')
    .refine((text) => !SPAN.test(text) || secondsOf(text) <= MAX_TIMEOUT_S, 'at most 30m')
    .default(DEFAULT_TIMEOUT),
  /** Go on without those that stayed, whatever their budgets say. */
  force: z.boolean().default(false),
})
export type Drain = z.infer<typeof Drain>

/** The same, as an operation carries it. */
export const DrainOrder = z.object({ timeoutS: z.int().min(0).max(MAX_TIMEOUT_S), force: z.boolean() })
export type DrainOrder = z.infer<typeof DrainOrder>

/** Of a spec that may say nothing. */
export const toDrainOrder = ({ timeout = DEFAULT_TIMEOUT, force = false }: Partial<Drain> = {}): DrainOrder => ({
  timeoutS: secondsOf(timeout),
  force,
})

function secondsOf(text: string): number {
  const [, count, unit] = SPAN.exec(text) ?? []
  return Number(count) * (unit === 'm' ? 60 : 1)
}
