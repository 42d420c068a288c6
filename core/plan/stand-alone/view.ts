import { hashOf, type Json } from '../../base/canonical-json.ts'
import type { AskedMachine } from '../../model/cluster-machines.ts'
import type { ManagedDocument, SiteDocument, Stored } from '../../model/document.ts'
import type { PlacementRequest } from '../../model/placement.ts'
import type { ClusterDocuments } from '../documents.ts'
import { requestFor, type RememberedMachine } from '../machines.ts'
import type { ClusterView, MachineView } from '../view.ts'

/**
 * A machine that is no node: what it is asked for in its document, in the words that machines of clusters are asked for
 * in. It has a class and NICs as they have; it has no configuration, no cluster and nobody it must be spread from.
 */
export interface StandAloneDocuments extends Pick<ClusterDocuments, 'networks' | 'machineClasses'> {
  readonly machine: Stored<ManagedDocument>
  readonly site: Stored<SiteDocument>
}

export interface GatheredMachine extends Omit<StandAloneDocuments, 'site'> {
  readonly site: Stored<SiteDocument> | undefined
}

/** The frozen facts a plan is made from; see ClusterView. */
export interface StandAloneView
  extends
    GatheredMachine,
    Pick<ClusterView, 'now' | 'agent' | 'seenAt' | 'operations' | 'locks' | 'holds' | 'placementFindings'> {
  /** Every incarnation that may exist. */
  readonly machines: readonly MachineView[]
}

/** undefined while a document it refers to is gone. */
export const completeStandAlone = (gathered: GatheredMachine): StandAloneDocuments | undefined =>
  gathered.site && missingOf(gathered).length === 0 ? { ...gathered, site: gathered.site } : undefined

/** The references that lead nowhere, as `Kind/name`. */
export function missingOf({ machine, site, networks, machineClasses }: GatheredMachine): readonly string[] {
  const { spec } = machine
  const names = [...new Set(spec.nics.map(({ network }) => network))]
  return [
    ...(site ? [] : [`Site/${spec.site}`]),
    ...names.filter((name) => !Object.hasOwn(networks, name)).map((name) => `Network/${name}`),
    ...(Object.hasOwn(machineClasses, spec.class) ? [] : [`MachineClass/${spec.class}`]),
  ]
}

export function askedOf({ metadata, spec }: ManagedDocument): AskedMachine {
  return {
    name: metadata.name,
    role: 'worker',
    set: undefined,
    class: spec.class,
    nics: spec.nics.map(({ network, ip, mac, firewall, hostTunnel }) => ({
      network,
      address: ip,
      firewall,
      hostTunnel,
      ...(mac === undefined ? {} : { mac: mac.toUpperCase() }),
    })),
    drawFrom: spec.drawFrom,
    settings: {},
    path: ['spec'],
  }
}

/** Hash of everything that decides how it is made. Before it is made, one whose hash no longer fits is born anew. */
export function birthOf({ machine, networks, machineClasses }: StandAloneDocuments): string {
  const parts = machine.spec.nics.map(({ network }) => networks[network]?.spec)
  return hashOf({ spec: machine.spec, class: machineClasses[machine.spec.class]?.spec, networks: parts } as Json)
}

/** `documents` is undefined when it is being deleted; once it is made it stays whatever the documents say. */
export function reconcileStandAlone(
  remembered: readonly RememberedMachine[],
  documents: StandAloneDocuments | undefined,
  made: boolean,
  mint: () => string,
): readonly RememberedMachine[] {
  if (!documents) return remembered.map((machine) => ({ ...machine, wanted: false }))
  const birthHash = birthOf(documents)
  const kept = remembered.map((machine) => ({
    ...machine,
    wanted: machine.wanted && (made || machine.birthHash === birthHash),
  }))
  if (kept.some(({ wanted }) => wanted)) return kept
  const { name, role, nics } = askedOf(documents.machine)
  return [...kept, { machineId: mint(), name, role, address: nics[0]?.address ?? '', birthHash, wanted: true }]
}

/** Where it may be is its own host when it names one, else what its class says. */
export function requestOf(machineId: string, documents: StandAloneDocuments): PlacementRequest {
  const request = requestFor(machineId, askedOf(documents.machine), documents)
  const { host } = documents.machine.spec
  return host === undefined ? request : { ...request, host }
}
