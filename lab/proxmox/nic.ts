import { randomBytes } from 'node:crypto'
import { readProperties } from './property-string.ts'
import { nicFormat } from './vm-formats.ts'

/** The model and its address first, the other keys in alphabetical order; an address from the host's own prefix. */
export function writeNic(text: string): string {
  const nic = readProperties(nicFormat, text) ?? new Map<string, string>()
  const mac = nic.get('macaddr') ?? randomMac()
  const rest = [...nic].filter(([key]) => key !== 'model' && key !== 'macaddr').sort(([a], [b]) => (a < b ? -1 : 1))
  return [`${nic.get('model') ?? 'virtio'}=${mac}`, ...rest.map(([key, value]) => `${key}=${value}`)].join(',')
}

export const randomMac = (): string =>
  ['BC', '24', '11', ...[...randomBytes(3)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))].join(':')
