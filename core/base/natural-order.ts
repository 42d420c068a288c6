/** Longer numbers are no names any more. */
const MAX_DIGITS = 16

/** A text that sorts as people count: that of `node-9` comes before that of `node-10`. */
export const naturalKey = (name: string): string =>
  name.replaceAll(/\d+/g, (digits) => digits.padStart(MAX_DIGITS, '0'))

/** The members in the order of their names, each name looked at once. */
export function inNaturalOrder<T>(members: readonly T[], nameOf: (member: T) => string): T[] {
  return members
    .map((member) => ({ member, key: naturalKey(nameOf(member)) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ member }) => member)
}
