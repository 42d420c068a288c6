import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import { diffText } from './diff.ts'
import type { LoadedConfig } from './load.ts'
import { isRecord } from './shape.ts'

/**
 * What Talos up to 1.13 changes on a running node without a reboot. Source: CanApplyImmediate of Talos 1.13; documents
 * beside v1alpha1, and `debug` and `cluster` in it, all are.
 */
const LIVE_MACHINE_KEYS: ReadonlySet<string> = new Set([
  'ca',
  'acceptedCAs',
  'time',
  'certSANs',
  'install',
  'network',
  'sysfs',
  'sysctls',
  'logging',
  'controlPlane',
  'kubelet',
  'kernel',
  'registries',
  'pods',
  'seccompProfiles',
  'nodeLabels',
  'nodeAnnotations',
  'nodeTaints',
])
const LIVE_FEATURES: ReadonlySet<string> = new Set([
  'kubernetesTalosAPIAccess',
  'kubePrism',
  'hostDNS',
  'imageCache',
  'nodeAddressSortAlgorithm',
])

/** Why a running node cannot take the change over, with the difference that stands in the way; undefined when it can. */
export function whyNotLive(before: LoadedConfig, after: LoadedConfig): string | undefined {
  const old = fixedPart(before)
  const next = fixedPart(after)
  if (isDeepStrictEqual(old, next)) return undefined
  const text = (part: unknown) => stringify(part, { indent: 4, lineWidth: 0 })
  return `this config change can't be applied in immediate mode\ndiff:\n${diffText(text(old), text(next))}`
}

/** The fields of v1alpha1 that only a boot takes over. */
function fixedPart({ v1alpha1 }: LoadedConfig): Record<string, unknown> {
  const { debug: _debug, cluster: _cluster, machine, ...rest } = v1alpha1 ?? {}
  const fields = isRecord(machine) ? machine : {}
  const features = isRecord(fields['features']) ? fields['features'] : {}
  const { features: _features, ...others } = Object.fromEntries(
    Object.entries(fields).filter(([key]) => !LIVE_MACHINE_KEYS.has(key)),
  )
  return {
    ...rest,
    machine: {
      ...others,
      features: Object.fromEntries(Object.entries(features).filter(([key]) => !LIVE_FEATURES.has(key))),
    },
  }
}
