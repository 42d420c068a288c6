import type { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import { PLURALS, type Kind } from '#core/model/document.ts'
import { pathOf, type Api } from '../api/client.ts'
import { listKind, type Listed } from '../api/list.ts'
import type { ApiError } from '../api/problem.ts'
import { CapacityView, ClusterView, GuestView, MachineClassView, NetworkView, SiteView } from '../api/views.ts'
import {
  clusterColumns,
  guestColumns,
  hostColumns,
  machineClassColumns,
  machineColumns,
  networkColumns,
  siteColumns,
  toMachineRow,
  type ClusterMachine,
  type Showing,
  type SiteHost,
} from './columns.ts'
import { renderTable, type Column } from './table.ts'

/** What `lanline get` found: its table, its data and its names. */
export interface Found {
  readonly table: (wide: boolean) => readonly string[]
  readonly raw: readonly unknown[]
  readonly names: readonly string[]
}

/** Things that can be listed although nobody writes documents of them. */
export const DERIVED = ['machines', 'hosts'] as const
export type Derived = (typeof DERIVED)[number]

/** All objects of a kind, or the one of that name. */
export async function findKind(
  api: Api,
  showing: Showing,
  kind: Kind,
  name: string | undefined,
): Promise<Result<Found, ApiError>> {
  const find = async <T extends { readonly metadata: { readonly name: string } }>(
    view: z.ZodType<T>,
    columns: readonly Column<T>[],
  ): Promise<Result<Found, ApiError>> => {
    const listed = name === undefined ? await listKind(api, PLURALS[kind], view) : await findOne(api, kind, name, view)
    if (!listed.ok) return listed
    return ok(toFound(listed.value, columns, (item) => `${kind.toLowerCase()}/${item.metadata.name}`))
  }
  switch (kind) {
    case 'Site':
      return find(SiteView, siteColumns(showing))
    case 'Network':
      return find(NetworkView, networkColumns(showing))
    case 'MachineClass':
      return find(MachineClassView, machineClassColumns(showing))
    case 'Machine':
      return find(GuestView, guestColumns(showing))
    case 'Cluster':
      return find(ClusterView, clusterColumns(showing))
  }
}

/** Machines come from the statuses of clusters and managed machines and from what sites adopt, hosts from the capacity of sites; of that name, if one is given. */
export async function findDerived(
  api: Api,
  showing: Showing,
  what: Derived,
  name: string | undefined,
): Promise<Result<Found, ApiError>> {
  const sites = await listKind(api, PLURALS.Site, SiteView)
  if (!sites.ok) return sites
  const hosts: SiteHost[] = []
  const guests: ClusterMachine[] = []
  for (const { metadata } of sites.value.items) {
    const capacity = await api.call({
      method: 'GET',
      path: pathOf('sites', metadata.name, 'capacity'),
      answer: CapacityView,
    })
    if (!capacity.ok) return capacity
    hosts.push(...capacity.value.value.hosts.map((host) => ({ site: metadata.name, ...host })))
    guests.push(...capacity.value.value.adopted.map(toMachineRow))
  }
  if (what === 'machines') {
    const clusters = await listKind(api, PLURALS.Cluster, ClusterView)
    if (!clusters.ok) return clusters
    const nodes = clusters.value.items.flatMap(({ metadata, status }) =>
      (status?.machines ?? []).map((machine) => ({ cluster: metadata.name, ...machine })),
    )
    const kept = await listKind(api, PLURALS.Machine, GuestView)
    if (!kept.ok) return kept
    // A managed machine is in no cluster; its row is that of its status.
    const managed = kept.value.items.flatMap(({ status }) =>
      (status?.machines ?? []).map((machine) => ({ cluster: '', ...machine, role: 'managed' })),
    )
    const machines = [...nodes, ...managed, ...guests].filter((machine) => name === undefined || machine.name === name)
    return ok(toFound({ items: machines, raw: machines }, machineColumns(showing), ({ name }) => `machine/${name}`))
  }
  const chosen = hosts.filter(({ host }) => name === undefined || host === name)
  return ok(toFound({ items: chosen, raw: chosen }, hostColumns(), ({ host }) => `host/${host}`))
}

async function findOne<T>(
  api: Api,
  kind: Kind,
  name: string,
  view: z.ZodType<T>,
): Promise<Result<Listed<T>, ApiError>> {
  const answer = await api.call({ method: 'GET', path: pathOf(PLURALS[kind], name), answer: view })
  return answer.ok ? ok({ items: [answer.value.value], raw: [answer.value.raw] }) : answer
}

const toFound = <T>({ items, raw }: Listed<T>, columns: readonly Column<T>[], nameOf: (item: T) => string): Found => ({
  table: (wide) => renderTable(columns, items, { wide }),
  raw,
  names: items.map(nameOf),
})
