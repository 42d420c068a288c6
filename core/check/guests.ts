import { isAdopted, isManaged, type AdoptedDocument, type Document, type ManagedDocument } from '../model/document.ts'
import { parseVmids } from '../model/site.ts'
import { named, type Documents } from './documents.ts'
import { didYouMean, finding, type Finding } from './finding.ts'
import { checkDraw } from './machines.ts'

/**
 * A stand-alone guest. One that somebody else keeps: its host and devices exist, its VMID is not one that Lanline gives
 * away, and it is there once. One that Lanline keeps: its host exists.
 */
export function checkGuests(document: Document, documents: Documents): readonly Finding[] {
  if (document.kind !== 'Machine') return []
  const { site: siteName, drawFrom } = document.spec
  const site = named(documents.sites, siteName)
  if (!site) return []
  return [
    ...(isAdopted(document) ? [...checkHost(document, documents), ...checkVmid(document, documents)] : []),
    ...(isManaged(document) ? checkPin(document, documents) : []),
    ...(drawFrom === undefined ? [] : checkDraw(drawFrom, siteName, ['spec', 'drawFrom'], documents)),
  ]
}

function checkPin({ spec }: ManagedDocument, documents: Documents): readonly Finding[] {
  const { host } = spec
  const names = (named(documents.sites, spec.site)?.spec.hosts ?? []).map(({ name }) => name)
  if (host === undefined || names.includes(host)) return []
  return [finding(['spec', 'host'], `the site "${spec.site}" has no host "${host}"`, { hint: didYouMean(host, names) })]
}

function checkHost({ metadata, spec }: AdoptedDocument, documents: Documents): readonly Finding[] {
  const hosts = named(documents.sites, spec.site)?.spec.hosts ?? []
  const host = hosts.find(({ name }) => name === spec.host)
  const names = hosts.map(({ name }) => name)
  if (!host) {
    const message = `the site "${spec.site}" has no host "${spec.host}"`
    return [finding(['spec', 'host'], message, { hint: didYouMean(spec.host, names) })]
  }
  const devices = Object.keys(host.devices ?? {})
  const others = documents.machines
    .filter(isAdopted)
    .filter(
      (other) =>
        other.metadata.name !== metadata.name && other.spec.site === spec.site && other.spec.host === spec.host,
    )
  return (spec.devices ?? []).flatMap((device, index) => {
    const path = ['spec', 'devices', index]
    if (!devices.includes(device)) {
      const message = `the host ${spec.host} has no device "${device}"`
      return [finding(path, message, { hint: didYouMean(device, devices) })]
    }
    const holder = others.find((other) => other.spec.devices?.includes(device))
    return holder ? [finding(path, `the device "${device}" is already held by ${holder.metadata.name}`)] : []
  })
}

function checkVmid({ metadata, spec }: AdoptedDocument, documents: Documents): readonly Finding[] {
  const path = ['spec', 'vmid']
  const site = named(documents.sites, spec.site)
  const range = site && parseVmids(site.spec.vmids)
  const own =
    range && spec.vmid >= range.first && spec.vmid <= range.last
      ? [finding(path, `${spec.vmid} is one that Lanline gives to its own machines (${site.spec.vmids})`)]
      : []
  const twin = documents.machines
    .filter(isAdopted)
    .find(
      (other) =>
        other.metadata.name !== metadata.name &&
        other.spec.site === spec.site &&
        other.spec.host === spec.host &&
        other.spec.vmid === spec.vmid,
    )
  return twin ? [...own, finding(path, `${spec.vmid} on ${spec.host} is already ${twin.metadata.name}`)] : own
}
