import { DOCUMENTS_1_13, NAMED_1_13 } from '../config/keys-documents-1-13.ts'
import type { Edition } from '../edition.ts'

/** Talos 1.13: the ordinary API serves maintenance, images and the life cycle have services of their own. */
export const TALOS_1_13: Edition = {
  minor: '1.13',
  maintenance: 'ordinary-api',
  servesLifecycle: true,
  takesModeReboot: true,
  changesMayNeedReboot: true,
  documentsReplaceFields: false,
  documents: DOCUMENTS_1_13,
  namedDocuments: NAMED_1_13,
  goVersion: 'go1.26.1',
  kernelVersion: '6.18.24-talos',
  etcdVersion: '3.6.12',
  containerdVersion: '2.2.3',
  flannelVersion: 'v0.28.4',
}
