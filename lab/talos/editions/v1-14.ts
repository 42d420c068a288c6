import { DOCUMENTS_1_14, NAMED_1_14 } from '../config/keys-documents-1-14.ts'
import type { Edition } from '../edition.ts'

/** Talos 1.14: almost all settings became documents, and applying them never reboots. */
export const TALOS_1_14: Edition = {
  minor: '1.14',
  maintenance: 'ordinary-api',
  servesLifecycle: true,
  takesModeReboot: false,
  changesMayNeedReboot: false,
  documentsReplaceFields: true,
  documents: DOCUMENTS_1_14,
  namedDocuments: NAMED_1_14,
  goVersion: 'go1.26.3',
  kernelVersion: '6.18.38-talos',
  etcdVersion: '3.7.1',
  containerdVersion: '2.3.1',
  flannelVersion: 'v0.28.9',
}
