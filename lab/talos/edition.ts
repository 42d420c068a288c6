import type { Shape } from './config/shape.ts'
import { TALOS_1_12 } from './editions/v1-12.ts'
import { TALOS_1_13 } from './editions/v1-13.ts'
import { TALOS_1_14 } from './editions/v1-14.ts'

/**
 * What one minor of Talos does differently from another. The lab asks here by name, so that a new minor is one file
 * and nobody else compares versions.
 */
export interface Edition {
  readonly minor: '1.12' | '1.13' | '1.14'
  /** In maintenance mode: a small service of its own with a few methods, or the ordinary API with a reader's rights. */
  readonly maintenance: 'own-service' | 'ordinary-api'
  /** ImageService and LifecycleService are served. */
  readonly servesLifecycle: boolean
  /** ApplyConfiguration takes mode REBOOT on a configured node. */
  readonly takesModeReboot: boolean
  /** Mode AUTO reboots for changes outside the live list, and mode NO_REBOOT refuses them. */
  readonly changesMayNeedReboot: boolean
  /** Settings may come as documents of their own instead of v1alpha1 fields. */
  readonly documentsReplaceFields: boolean
  /** Kinds of documents it knows, beside those every supported minor knows. */
  readonly documents: Readonly<Record<string, Shape>>
  /** Those of them of which there may be several, told apart by name. */
  readonly namedDocuments: readonly string[]
  readonly goVersion: string
  readonly kernelVersion: string
  readonly etcdVersion: string
  readonly containerdVersion: string
  readonly flannelVersion: string
}

const EDITIONS: readonly Edition[] = [TALOS_1_12, TALOS_1_13, TALOS_1_14]

/** The edition with this version, as `v1.13.9`; undefined for a minor the lab does not know. */
export function findEdition(version: string): Edition | undefined {
  const minor = /^v?(\d+\.\d+)\.\d+/.exec(version)?.[1]
  return EDITIONS.find((edition) => edition.minor === minor)
}

/** As `findEdition`; a minor the lab does not know behaves as 1.13, the middle one. */
export const editionOf = (version: string): Edition => findEdition(version) ?? TALOS_1_13
