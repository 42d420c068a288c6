import { z } from 'zod'
import { hashOf } from '../base/canonical-json.ts'
import { parseIpv4Cidr } from '../base/ipv4.ts'
import { invariant } from '../base/invariant.ts'
import type { ClusterSpec } from '../model/cluster.ts'
import { MachineId, Name } from '../model/ids.ts'
import type { PlacementRequest } from '../model/placement.ts'
import { mebibytes } from '../model/quantity.ts'
import { hashOnce } from './hash-once.ts'
import type { ClusterDocuments } from './documents.ts'

/** A machine as the cluster remembers it. Each incarnation has an id of its own; a leaving one is no longer wanted. */
export const RememberedMachine = z
  .object({
    machineId: MachineId,
    name: Name,
    role: z.enum(['controlplane', 'worker']),
    address: z.string().max(45),
    birthHash: z.string().max(64),
    wanted: z.boolean(),
  })
  .readonly()
export type RememberedMachine = z.infer<typeof RememberedMachine>

/**
 * Hash of everything that decides how a machine is made and configured. Before etcd is bootstrapped a machine whose
 * hash no longer fits is made anew; afterwards such a change is a hold, because nothing can carry it out yet.
 */
export function birthHash(documents: ClusterDocuments, name: string): string {
  const { cluster, network, machineClass } = documents
  const spec = cluster.spec
  const { bridge, cidr, gateway, nameservers } = network.spec
  return hashOf({
    name,
    address: spec.controlPlane.machines[name],
    class: machineClass.spec,
    talos: { ...spec.talos, patches: hashOnce(spec.talos.patches) },
    kubernetes: spec.kubernetes,
    vip: spec.endpoint.vip,
    schedulable: spec.controlPlane.schedulable,
    ...ownSettings(spec, name),
    network: { bridge, cidr, gateway, nameservers },
  })
}

/** What the spec says about this kind of node and this machine; nothing when it says nothing, as it always was. */
function ownSettings({ controlPlane, machinePatches }: ClusterSpec, name: string) {
  const { patches, nodeLabels, nodeTaints, nodeAnnotations } = controlPlane
  const own = hashOnce(machinePatches?.[name])
  return { patches: hashOnce(patches), nodeLabels, nodeTaints, nodeAnnotations, machinePatches: own }
}

/**
 * Which machines the cluster has now: those that fit the documents stay, the others are leaving, and new ones get an
 * id from `mint`. `documents` is undefined when the cluster is being deleted: then every machine leaves.
 */
export function reconcileMachines(
  remembered: readonly RememberedMachine[],
  documents: ClusterDocuments | undefined,
  bootstrapped: boolean,
  mint: () => string,
): readonly RememberedMachine[] {
  if (!documents) return remembered.map((machine) => ({ ...machine, wanted: false }))
  const asked = documents.cluster.spec.controlPlane.machines
  const fits = (machine: RememberedMachine): boolean => {
    if (!machine.wanted || asked[machine.name] !== machine.address) return false
    return bootstrapped || machine.birthHash === birthHash(documents, machine.name)
  }
  const kept = remembered.map((machine) => ({ ...machine, wanted: fits(machine) }))
  const present = new Set(kept.filter((machine) => machine.wanted).map((machine) => machine.name))
  const born = Object.entries(asked)
    .filter(([name]) => !present.has(name))
    .map(([name, address]) => ({
      machineId: mint(),
      name,
      role: 'controlplane' as const,
      address,
      birthHash: birthHash(documents, name),
      wanted: true,
    }))
  return [...kept, ...born]
}

/** What a machine asks of its site. */
export function requestFor(machine: RememberedMachine, documents: ClusterDocuments): PlacementRequest {
  const machineClass = documents.machineClass.spec
  const [disk] = machineClass.disks
  invariant(disk, 'a machine class has a disk')
  return {
    machineId: machine.machineId,
    name: machine.name,
    role: machine.role,
    cpu: machineClass.cpu,
    memoryMiB: mebibytes(machineClass.memory),
    diskGiB: Math.ceil(mebibytes(disk.size) / 1024),
    network: documents.cluster.spec.nodeNetwork,
    address: machine.address,
  }
}

/** `192.168.1.51` → `192.168.1.51/24`. */
export function withPrefix(address: string, cidr: string): string {
  const parsed = parseIpv4Cidr(cidr)
  invariant(parsed.ok, `unchecked network ${cidr}`)
  return `${address}/${parsed.value.prefix}`
}
