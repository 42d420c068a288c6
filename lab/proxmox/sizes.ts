const UNITS: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }

/** `40G` → bytes; a bare number is bytes. NaN when it is no size. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text)
  return match ? Math.ceil(Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1)) : Number.NaN
}

/** Bytes as a configuration shows them: the largest unit that keeps the number whole, else bare bytes. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0T'
  const unit = ['T', 'G', 'M', 'K'].find((each) => bytes % (UNITS[each] ?? 1) === 0)
  return unit === undefined ? String(bytes) : `${bytes / (UNITS[unit] ?? 1)}${unit}`
}

/** Bytes as progress lines show them, `64.0 MiB`. */
export function humanSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const step = Math.min(bytes > 0 ? Math.floor(Math.log2(bytes) / 10) : 0, units.length - 1)
  return `${(bytes / 1024 ** step).toFixed(1)} ${units[step] ?? 'B'}`
}
