import { isBefore, type Release } from '../privileges.ts'
import { parseVersion } from '../../providers/proxmox/parse.ts'
import type { HostFacts } from './hosts.ts'

/** A disk image may lie on a storage of Proxmox since then; a host before it boots its machines from an ISO. */
const IMPORTS_FROM: Release = [8, 4]

/** The content type that the image storage of a host has to take. A host that does not tell its release counts as new. */
export function imageContentOf({ version }: Pick<HostFacts, 'version'>): 'import' | 'iso' {
  const [major = 0, minor = 0] = parseVersion(version)
  return version !== '' && isBefore([major, minor], IMPORTS_FROM) ? 'iso' : 'import'
}
