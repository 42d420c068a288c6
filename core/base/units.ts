import { err, ok, type Result } from './result.ts'

const MIB_PER_UNIT: Readonly<Record<string, number>> = { Mi: 1, Gi: 1024, Ti: 1024 * 1024 }
/** 1 PiB: far beyond any host, small enough that sums stay exact integers. */
const MAX_MIB = 1024 * 1024 * 1024

/** `8Gi` → 8192. Only whole binary quantities with a unit are accepted, because a bare number hides its unit. */
export function parseMiB(text: string): Result<number, string> {
  const match = /^(\d{1,10})(Mi|Gi|Ti)$/.exec(text)
  if (!match) return err(`"${text}" is not a binary quantity; write it like 512Mi, 8Gi or 1Ti`)
  const mib = Number(match[1]) * (MIB_PER_UNIT[match[2] ?? ''] ?? 0)
  if (mib === 0) return err(`"${text}" is nothing; give a quantity above zero`)
  if (mib > MAX_MIB) return err(`"${text}" is more than 1024Ti`)
  return ok(mib)
}

/** 8192 → `8Gi`; the largest unit that keeps the number whole. */
export function formatMiB(mib: number): string {
  if (mib !== 0 && mib % MIB_PER_UNIT['Ti']! === 0) return `${mib / MIB_PER_UNIT['Ti']!}Ti`
  if (mib % 1024 === 0) return `${mib / 1024}Gi`
  return `${mib}Mi`
}
