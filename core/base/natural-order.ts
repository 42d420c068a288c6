/** Order of names with numbers as people count: `node-9` before `node-10`. */
export function naturalOrder(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [one, other] = [left[i]!, right[i]!]
    if (one === other) continue
    const bothNumbers = /^\d/.test(one) && /^\d/.test(other)
    const difference = bothNumbers ? Number(one) - Number(other) : 0
    return difference !== 0 ? difference : one < other ? -1 : 1
  }
  return left.length - right.length
}

const partsOf = (name: string): readonly string[] => name.match(/\d+|\D+/g) ?? []
