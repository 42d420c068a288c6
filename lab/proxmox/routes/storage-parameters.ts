import * as formats from '../formats.ts'
import { words } from '../words.ts'
import { changedIn9, choice, flag, integer, needed, since9, text, until8, type ParameterTable } from '../parameter.ts'

/** How a store may be described. Source: PVE API schema, POST /storage and PUT /storage/{storage}. */
const TYPES = words('btrfs cephfs cifs dir esxi iscsi iscsidirect lvm lvmthin nfs pbs rbd zfs zfspool')
const TYPES_OF_8 = [...TYPES, 'glusterfs'].sort()
export const STORAGE_TYPE = changedIn9(choice(...TYPES), choice(...TYPES_OF_8))

const texts = (names: string): ParameterTable => Object.fromEntries(names.split(' ').map((name) => [name, text()]))
const flags = (names: string): ParameterTable => Object.fromEntries(names.split(' ').map((name) => [name, flag()]))

const COMMON: ParameterTable = {
  ...texts(
    'blocksize bwlimit comstar_hg comstar_tg content content-dirs data-pool encryption-key fs-name is_mountpoint',
  ),
  ...texts('keyring lio_tpg master-pubkey monhost mountpoint namespace nodes options pool prune-backups'),
  ...texts('saferemove_throughput server subdir username zfs-base-path'),
  ...flags('create-base-path create-subdirs disable fuse krbd mkdir nocow nowritecache saferemove shared'),
  ...flags('skip-cert-verification sparse tagged_only'),
  'snapshot-as-volume-chain': since9(flag()),
  maxfiles: until8(integer(0)),
  server2: until8(text({ requires: 'server' })),
  transport: until8(choice('tcp', 'rdma', 'unix')),
  domain: text({ maxLength: 256 }),
  fingerprint: text({ pattern: /^([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}$/ }),
  format: choice('raw', 'qcow2', 'subvol', 'vmdk'),
  'max-protected-backups': integer(-1),
  password: text({ maxLength: 256 }),
  port: integer(1, 65535),
  preallocation: choice('off', 'metadata', 'falloc', 'full'),
  'saferemove-stepsize': since9({ ...integer(), choices: ['1', '2', '4', '8', '16', '32'] }),
  smbversion: choice('default', '2.0', '2.1', '3', '3.0', '3.11'),
  storage: needed(text({ format: formats.storageId })),
}

export const ADD_STORAGE: ParameterTable = {
  ...COMMON,
  ...texts('authsupported base datastore export iscsiprovider path portal share target thinpool vgname'),
  type: changedIn9(needed(choice(...TYPES)), needed(choice(...TYPES_OF_8))),
  volume: until8(text()),
}

export const CHANGE_STORAGE: ParameterTable = {
  ...COMMON,
  delete: text({ maxLength: 4096 }),
  digest: text({ maxLength: 64 }),
}
