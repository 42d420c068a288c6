import type { ClusterDocument, Document, MachineDocument } from '../model/document.ts'
import { checkAddresses } from './addresses.ts'
import { checkAddressPlan } from './address-plan.ts'
import { checkClasses } from './classes.ts'
import type { Documents } from './documents.ts'
import type { Finding } from './finding.ts'
import { checkGuests } from './guests.ts'
import { checkMacs } from './macs.ts'
import { checkMachines } from './machines.ts'
import { checkSameSite } from './references.ts'

/**
 * What must hold between documents whatever is stored: asked by the API before it writes and by `lanline validate`
 * before it asks anyone, in the same words. `checkedItself` names the documents that are checked on their own.
 */
export const checkBetween = (
  document: Document,
  documents: Documents,
  checkedItself: (document: ClusterDocument | MachineDocument) => boolean,
): readonly Finding[] => [
  ...checkSameSite(document, documents),
  ...checkAddressPlan(document, documents),
  ...checkAddresses(document, documents, checkedItself),
  ...checkMachines(document, documents),
  ...checkMacs(document, documents),
  ...checkGuests(document, documents),
  ...checkClasses(document),
]
