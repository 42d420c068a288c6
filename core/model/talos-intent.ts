import { z } from 'zod'
import { KubernetesSettings } from './talos-kubernetes.ts'
import { TalosPatches } from './talos-patch.ts'
import { NodeLook, TalosSettings } from './talos-settings.ts'

/**
 * What a cluster's spec says about the configuration of one machine, beside what every machine has. The schemas are those
 * of the spec, and strict on purpose: an agent that does not know a setting refuses the offer, and never configures a
 * machine without it.
 */
export const ConfigSettings = z.strictObject({
  talos: TalosSettings.optional(),
  kubernetes: KubernetesSettings.optional(),
  node: NodeLook.optional(),
  /** By level, in the order in which they apply. */
  patches: z
    .strictObject({
      cluster: TalosPatches.optional(),
      set: TalosPatches.optional(),
      machine: TalosPatches.optional(),
    })
    .optional(),
})
export type ConfigSettings = z.infer<typeof ConfigSettings>
