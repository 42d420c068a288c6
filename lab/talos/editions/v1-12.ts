import type { Edition } from '../edition.ts'

/** Talos 1.12: maintenance has a service of its own, upgrades are one unary call. */
export const TALOS_1_12: Edition = {
  minor: '1.12',
  maintenance: 'own-service',
  servesLifecycle: false,
  takesModeReboot: true,
  changesMayNeedReboot: true,
  documentsReplaceFields: false,
  documents: {},
  namedDocuments: [],
  goVersion: 'go1.25.9',
  kernelVersion: '6.18.15-talos',
  etcdVersion: '3.6.8',
  containerdVersion: '2.1.6',
  flannelVersion: 'v0.27.4',
}
