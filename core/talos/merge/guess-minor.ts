import { isMap } from 'yaml'
import type { TalosContract } from '../contracts/contract-for.ts'
import { identify, NEWEST, parseSources } from './documents.ts'
import { LEGACY } from './types/notation.ts'

/**
 * Whose rules a configuration of unknown origin is merged by. Up to 1.13 the endpoint of the cluster is in the v1alpha1
 * document, from 1.14 on it is in `KubeClusterConfig`; where neither tells, it is the newest. Pure.
 */
export function guessMinor(config: string): TalosContract {
  const sources = parseSources(config)
  const old =
    sources.ok && sources.value.some(({ tree }) => identify(tree)?.id === LEGACY && isMap(tree.getIn(ENDPOINT)))
  return old ? '1.13' : NEWEST
}

const ENDPOINT = ['cluster', 'controlPlane'] as const
