import { z } from 'zod'
import { MachineId, Name, Uid } from '../model/ids.ts'

/** Which machines and nodes of a cluster the agent observes; replaces what it knew of that cluster. Empty: stop. */
export const WatchPut = z.object({
  type: z.literal('watch.put'),
  clusterUid: Uid,
  clusterName: Name,
  vip: z.string().max(15),
  /** 0 while the cluster has no bundle. */
  secretsVersion: z.int().nonnegative(),
  machines: z
    .array(
      z.object({
        machineId: MachineId,
        name: Name,
        role: z.enum(['controlplane', 'worker']),
        address: z.string().max(15),
        host: z.string().max(64),
        vmid: z.int(),
      }),
    )
    .max(300),
})
export type WatchPut = z.infer<typeof WatchPut>
