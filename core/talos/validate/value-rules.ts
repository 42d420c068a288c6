import type { Json } from '../../base/canonical-json.ts'
import { endpointFault } from '../endpoint.ts'
import { parseVersion } from '../versions.ts'
import { fromBase64 } from '../base64.ts'
import { listOf, membersOf, textOf, valueAt, type Members } from './config-document.ts'
import { fault, type FieldFault } from './fault.ts'

/** Rules of single values, each used by several documents. */

const isIpv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255)

/** Loose in its middle: a node says the rest. */
const isIpv6 = (text: string): boolean =>
  /^[0-9a-f:]{2,39}(%\w+)?$/i.test(text) && text.includes(':') && !/:::|::.*::/.test(text)

export const isAddress = (text: string): boolean => isIpv4(text) || isIpv6(text)

export function isPrefix(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  if (more.length > 0 || !/^\d{1,3}$/.test(bits)) return false
  return isIpv4(address) ? Number(bits) <= 32 : isIpv6(address) && Number(bits) <= 128
}

/** Subnets that choose among a machine's addresses; one that begins with `!` excludes. */
export const checkSubnetFilters = (value: Json | undefined, field: string): readonly FieldFault[] =>
  listOf(value).flatMap((item, index) => {
    const subnet = textOf(item)?.replace(/^!/, '') ?? ''
    return isPrefix(subnet) || isAddress(subnet) ? [] : [fault(`${field}[${index}]`, 'is not a network')]
  })

const QUALIFIED_NAME =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/
const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function checkLabels(value: Json | undefined, field: string): readonly FieldFault[] {
  return Object.entries(membersOf(value) ?? {}).flatMap(([key, label]) => [
    ...(QUALIFIED_NAME.test(key) ? [] : [fault(`${field}.${key}`, 'is not a name that Kubernetes takes')]),
    ...(LABEL_VALUE.test(textOf(label) ?? '') ? [] : [fault(`${field}.${key}`, 'has a value that Kubernetes refuses')]),
  ])
}

export function checkTaints(value: Json | undefined, field: string): readonly FieldFault[] {
  return Object.entries(membersOf(value) ?? {}).flatMap(([key, taint]) => {
    const effect = textOf(taint)?.split(':').at(-1) ?? ''
    return TAINT_EFFECTS.includes(effect)
      ? []
      : [fault(`${field}.${key}`, `needs an effect: ${TAINT_EFFECTS.join(', ')}`)]
  })
}

/** An image of Kubernetes: it needs a version, and one that this Talos runs. */
export function checkKubernetesImage(
  value: Json | undefined,
  field: string,
  range: { readonly first: number; readonly last: number },
): readonly FieldFault[] {
  const image = textOf(value)
  if (image === undefined) return []
  const tag = /:(v[^:/@]+)(@.*)?$/.exec(image)?.[1]
  if (tag === undefined) return [fault(field, 'needs a tag that says the Kubernetes version')]
  const version = parseVersion(tag.replace(/-.*$/, ''))
  if (version && (version.minor < range.first || version.minor > range.last))
    return [fault(field, `Kubernetes ${tag} does not run on this Talos; it runs 1.${range.first} to 1.${range.last}`)]
  return []
}

/** Bytes that are a key: base64 of exactly so many. */
export const isEntropy = (text: string | undefined, bytes = 32): boolean => fromBase64(text ?? '')?.length === bytes

export function checkEndpoint(value: Json | undefined, field: string): readonly FieldFault[] {
  const endpoint = textOf(value)
  const wrong = endpoint === undefined ? 'is missing' : endpointFault(endpoint)
  return wrong === undefined ? [] : [fault(field, wrong)]
}

/** An empty text is a missing one. */
export const required = (document: Members, path: string): readonly FieldFault[] =>
  (valueAt(document, path) ?? '') === '' ? [fault(path, 'is missing')] : []
