import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { keyNeedles, needlesFor, type Needle } from './needles.ts'

/** Every secret of a bundle. Certificates are public; the rest is looked for as it is written and as it is meant. */
export const bundleNeedles = (bundle: SecretsBundle): readonly Needle[] =>
  leavesOf(bundle, '').flatMap(({ name, text }) => {
    if (name.endsWith('.crt')) return []
    const decoded = Buffer.from(text, 'base64')
    const pem = decoded.toString('latin1')
    if (pem.startsWith('-----BEGIN')) return keyNeedles(name, pem)
    return name.endsWith('token') ? needlesFor(name, Buffer.from(text)) : needlesFor(name, decoded)
  })

function leavesOf(value: object, path: string): readonly { name: string; text: string }[] {
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
    const name = path === '' ? key : `${path}.${key}`
    return typeof child === 'object' && child !== null ? leavesOf(child, name) : [{ name, text: String(child) }]
  })
}
