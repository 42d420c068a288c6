import { z } from 'zod'
import { hashOf, type Json } from '../base/canonical-json.ts'
import { parseIpv4Cidr } from '../base/ipv4.ts'
import { invariant } from '../base/invariant.ts'
import { CHANGE_RULES, type ChangeRule } from '../model/changes.ts'
import type { AskedMachine } from '../model/cluster-machines.ts'
import type { ClusterSpec } from '../model/cluster.ts'
import { MAX_NICS } from '../model/hardware.ts'
import { MachineId, Name } from '../model/ids.ts'
import type { Operation } from '../model/operation.ts'
import { diskNames } from '../model/machine-class.ts'
import { addressOf, type Placement, type PlacementRequest } from '../model/placement.ts'
import { mebibytes } from '../model/quantity.ts'
import { hashOnce } from './hash-once.ts'
import { askedByName, classOf, networkOf, type ClusterDocuments } from './documents.ts'

/** A machine as the cluster remembers it. Each incarnation has an id of its own; a leaving one is no longer wanted. */
export const RememberedMachine = z
  .object({
    machineId: MachineId,
    name: Name,
    role: z.enum(['controlplane', 'worker']),
    /** On the node network, as the document says; empty when the site gives one, which is then that of the placement. */
    address: z.string().max(45),
    /** The same for its other NICs, in their order; absent when it has none. */
    moreAddresses: z.array(z.string().max(15)).max(MAX_NICS).optional(),
    birthHash: z.string().max(64),
    /** The same of what it keeps for life (`keptHash`); absent in what was remembered before machines could change. */
    keptHash: z.string().max(64).optional(),
    wanted: z.boolean(),
  })
  .readonly()
export type RememberedMachine = z.infer<typeof RememberedMachine>

/**
 * Hash of everything that decides how a machine is made and configured. Before etcd is bootstrapped a machine whose
 * hash no longer fits is made anew; afterwards such a change is a hold, because nothing can carry it out yet. What only
 * chooses a host (where, pins) says nothing about a machine that has one.
 */
export function birthHash(documents: ClusterDocuments, asked: AskedMachine): string {
  const known = birthHashes.get(documents)?.get(asked)
  if (known !== undefined) return known
  const { where: _, pins: __, ...hardware } = classOf(documents, asked.class)
  const hash = hashOfMachine(documents, asked, hardware, networksUnder(documents, asked))
  const own = birthHashes.get(documents) ?? new WeakMap<AskedMachine, string>()
  birthHashes.set(documents, own.set(asked, hash))
  return hash
}
/** Documents are never changed in place, and several rules ask of each machine within a plan. */
const birthHashes = new WeakMap<ClusterDocuments, WeakMap<AskedMachine, string>>()

/**
 * The same without what can be changed at any time (`CHANGE_RULES`), disks without their sizes and further NICs without their VLAN: once etcd is bootstrapped a
 * machine keeps this, and only this, for life. It is stored: a field that becomes free in a later release must stay in it for
 * machines that were changed before, or they would read as changed in what they keep.
 */
export function keptHash(documents: ClusterDocuments, asked: AskedMachine): string {
  const { disks, ...fields } = classOf(documents, asked.class)
  const kept = Object.entries(fields).filter(([field]) => !isInPlace(CHANGE_RULES.MachineClass[field]))
  const unsized = disks.map((disk) => ({ ...disk, size: undefined }))
  const networks = networksUnder(documents, asked).map((nic, index) =>
    index === 0 ? nic : { ...nic, vlan: undefined },
  )
  return hashOfMachine(documents, asked, { ...Object.fromEntries(kept), disks: unsized }, networks)
}

const isInPlace = (rule: ChangeRule | undefined): boolean => rule === 'free' || rule === 'made'

const networksUnder = (documents: ClusterDocuments, asked: AskedMachine) =>
  asked.nics.map(({ network, address, mac, firewall, hostTunnel }) => {
    const { bridge, vlan, mtu, cidr, gateway, nameservers, addressing } = networkOf(documents, network)
    return { network, address, mac, firewall, hostTunnel, bridge, vlan, mtu, cidr, gateway, nameservers, addressing }
  })

function hashOfMachine(
  documents: ClusterDocuments,
  asked: AskedMachine,
  hardware: object,
  networks: readonly object[],
): string {
  const { spec } = documents.cluster
  return hashOf({
    name: asked.name,
    role: asked.role,
    class: hardware,
    talos: { ...spec.talos, patches: hashOnce(spec.talos.patches) },
    kubernetes: spec.kubernetes,
    vip: spec.endpoint.vip,
    schedulable: spec.controlPlane.schedulable,
    ...ownSettings(spec, asked),
    networks,
  } as Json)
}

/** What the spec says about this kind of node and this machine; nothing when it says nothing, as it always was. */
function ownSettings({ machinePatches }: ClusterSpec, { name, settings }: AskedMachine) {
  const { patches, nodeLabels, nodeTaints, nodeAnnotations } = settings
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
  const asked = askedByName(documents)
  const fits = (machine: RememberedMachine): boolean => {
    const now = asked.get(machine.name)
    if (!machine.wanted || now?.role !== machine.role || !hasAddresses(machine, now)) return false
    return bootstrapped || machine.birthHash === birthHash(documents, now)
  }
  const kept = remembered.map((machine) => ({ ...withKeptHash(machine, documents, asked), wanted: fits(machine) }))
  const present = new Set(kept.filter((machine) => machine.wanted).map((machine) => machine.name))
  const born = [...asked.values()]
    .filter(({ name }) => !present.has(name))
    .map((machine) => ({
      machineId: mint(),
      name: machine.name,
      role: machine.role,
      ...addressesAsked(machine),
      birthHash: birthHash(documents, machine),
      keptHash: keptHash(documents, machine),
      wanted: true,
    }))
  return [...kept, ...born]
}

/** A machine that was remembered without it gets it while its documents are still those it was born with. */
function withKeptHash(
  machine: RememberedMachine,
  documents: ClusterDocuments,
  asked: ReadonlyMap<string, AskedMachine>,
): RememberedMachine {
  const now = asked.get(machine.name)
  return machine.keptHash === undefined && now && machine.birthHash === birthHash(documents, now)
    ? { ...machine, keptHash: keptHash(documents, now) }
    : machine
}

function addressesAsked({ nics }: AskedMachine): Pick<RememberedMachine, 'address' | 'moreAddresses'> {
  const [address = '', ...moreAddresses] = nics.map((nic) => nic.address ?? '')
  return moreAddresses.length === 0 ? { address } : { address, moreAddresses }
}

const hasAddresses = ({ address, moreAddresses = [] }: RememberedMachine, asked: AskedMachine): boolean => {
  const now = addressesAsked(asked)
  return now.address === address && (now.moreAddresses ?? []).join() === moreAddresses.join()
}

/** What wanted machines ask of their site; one that the documents no longer name asks for nothing. */
export function requestsFor(
  machines: readonly RememberedMachine[],
  documents: ClusterDocuments,
  avoid: readonly string[] = [],
): readonly PlacementRequest[] {
  const asked = askedByName(documents)
  return machines.flatMap((machine) => {
    const now = asked.get(machine.name)
    return now ? [{ ...requestFor(machine.machineId, now, documents), avoid: [...avoid] }] : []
  })
}

export function requestFor(machineId: string, asked: AskedMachine, documents: Parts): PlacementRequest {
  const machineClass = classOf(documents, asked.class)
  const names = diskNames(machineClass.disks)
  return {
    machineId,
    name: asked.name,
    role: asked.role,
    cpu: machineClass.cpu,
    memoryMiB: mebibytes(machineClass.memory),
    disks: machineClass.disks.map(({ size, storage }, index) => ({
      name: names[index]!,
      sizeGiB: Math.ceil(mebibytes(size) / 1024),
      storage,
    })),
    nics: asked.nics.map(({ network, address, pool, mac }) => ({ network, address, pool, mac })),
    devices: (machineClass.devices ?? []).map(({ mapping }) => mapping),
    where: machineClass.where,
    host: machineClass.pins?.[asked.name],
    drawFrom: asked.drawFrom,
  }
}

/** The documents that say what a machine is made of. */
type Parts = Pick<ClusterDocuments, 'networks' | 'machineClasses'>

/** On the node network; empty until the site has given one, or until it was found where a DHCP server gives it. */
export function addressOfMachine(
  machine: RememberedMachine,
  placement: Placement | undefined,
  operations: readonly Operation[] = [],
): string {
  const given = machine.address !== '' || !placement ? machine.address : addressOf(placement)
  return given === '' && placement ? foundAt(machine.machineId, operations) : given
}

function foundAt(machineId: string, operations: readonly Operation[]): string {
  const [last] = operations
    .filter(
      ({ kind, subject, state }) => kind === 'machine.configure' && subject === machineId && state === 'succeeded',
    )
    .toSorted((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0))
  const found = last?.result?.outcome === 'succeeded' ? last.result.output['address'] : undefined
  return typeof found === 'string' ? found : ''
}

/** `192.168.1.51` → `192.168.1.51/24`. */
export function withPrefix(address: string, cidr: string): string {
  const parsed = parseIpv4Cidr(cidr)
  invariant(parsed.ok, `unchecked network ${cidr}`)
  return `${address}/${parsed.value.prefix}`
}
