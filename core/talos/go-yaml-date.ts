/**
 * A date, alone or with a time, as Go's YAML library writes it again: in RFC 3339 with the zone it was given, or in UTC;
 * undefined for a text that it takes for none.
 *
 * Source: go.yaml.in/yaml/v4 at v4.0.0-rc.6.
 */
export function goDate(text: string): string | undefined {
  const match = /^(\d{4})-(\d\d?)-(\d\d?)(?:([Tt ])(\d\d?):(\d\d?):(\d\d?)(\.\d+)?(Z|[-+]\d\d:\d\d)?)?$/.exec(text)
  if (!match) return undefined
  const [, year = '', month = '', day = '', mark, hour = '0', minute = '0', second = '0', part = '', zone] = match
  // With a blank there is no zone, with a T there is one.
  if (mark !== undefined && (mark === ' ') !== (zone === undefined)) return undefined
  const two = (digits: string) => digits.padStart(2, '0')
  const [date, time] = [`${year}-${two(month)}-${two(day)}`, `${two(hour)}:${two(minute)}:${two(second)}`]
  const real = new Date(`${date}T${time}Z`)
  if (Number.isNaN(real.getTime()) || !real.toISOString().startsWith(`${date}T${time}`)) return undefined
  const fraction = part.slice(0, 10).replace(/\.?0+$/, '')
  return `${date}T${time}${fraction}${zone === undefined || zone === '+00:00' ? 'Z' : zone}`
}
