/**
 * What the expressions of a configuration may name, as `name type; …`; `name@14` is known from Talos 1.14 on, and a type
 * with a capital is a message of its own. Source: Talos 1.12.6, 1.13.9 and 1.14.1 `pkg/machinery/cel/celenv` and the
 * messages `DiskSpec`, `DiscoveredVolumeSpec` and `LinkStatusSpec` that it declares.
 */
export const MESSAGES: Readonly<Record<string, string>> = {
  STP: 'enabled bool',
  BridgeVLAN: 'filtering_enabled bool',
  Bridge: 'stp STP; vlan BridgeVLAN',
  VLAN: 'vid uint; protocol int',
  VRF: 'table int',
  Veth: 'peer_name string',
  WireguardPeer:
    'public_key string; preshared_key string; endpoint string; persistent_keepalive_interval google.protobuf.Duration; allowed_ips list',
  Wireguard: 'private_key string; public_key string; listen_port int; firewall_mark int; peers list<WireguardPeer>',
  Bond: `mode int; hash_policy int; lacp_rate int; arp_validate int; arp_all_targets int; primary_index uint;
    primary_reselect int; fail_over_mac int; ad_select int; mii_mon uint; up_delay uint; down_delay uint;
    arp_interval uint; resend_igmp uint; min_links uint; lp_interval uint; packets_per_slave uint; num_peer_notif uint;
    tlb_dynamic_lb uint; all_slaves_active uint; use_carrier bool; ad_actor_sys_prio uint; ad_user_port_key uint;
    peer_notify_delay uint; arpip_targets list; nsip6_targets list; adlacp_active int; missed_max uint`,
  Disk: `size uint; io_size uint; sector_size uint; readonly bool; model string; serial string; modalias string;
    wwid string; bus_path string; sub_system string; transport string; rotational bool; cdrom bool; dev_path string;
    pretty_size string; secondary_disks list<string>; uuid string; symlinks list<string>; firmware_version@14 string`,
  Volume: `size uint; sector_size uint; io_size uint; name string; uuid string; label string; block_size uint;
    filesystem_block_size uint; probed_size uint; partition_uuid string; partition_type string; partition_label string;
    partition_index uint; type string; device_path string; parent string; dev_path string; parent_dev_path string;
    pretty_size string; offset uint`,
  Link: `index uint; type int; link_index uint; flags uint; hardware_addr bytes; broadcast_addr bytes; mtu uint;
    queue_disc string; master_index uint; operational_state int; kind string; slave_kind string; bus_path string;
    pciid string; driver string; driver_version string; firmware_version string; product_id string; vendor_id string;
    product string; vendor string; link_state bool; speed_megabits int; port int; duplex int; vlan VLAN;
    bridge_master Bridge; bond_master Bond; wireguard Wireguard; permanent_addr bytes; alias string;
    alt_names list<string>; vrf_master@13 VRF; veth@14 Veth`,
}

/** Multipliers, so that a size is written `100u * GB`. */
const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']
  .map((unit) => `${unit} uint`)
  .join('; ')
const CLASSES = 'Besteffort int; Burstable int; Guaranteed int; Podruntime int; System int'

const PRESSURES = ['some', 'full'].flatMap((kind) =>
  ['avg10', 'avg60', 'avg300', 'total'].map((span) => `memory_${kind}_${span}`),
)
const BY_CLASS = [...PRESSURES, 'memory_current', 'memory_peak', 'memory_max'].map((name) => `qos_${name}`)
/** Each is there as it is and as what it changed by. */
const both = (names: readonly string[], type: string): string =>
  names.flatMap((name) => [`${name} ${type}`, `d_${name} ${type}`]).join('; ')

const GLOB = 'glob(string, string): bool'

/** A place of expressions: what it declares, and what an expression there has to come to. */
export interface ExpressionPlace {
  readonly names: string
  readonly functions: readonly string[]
  readonly optional: boolean
  readonly result: 'bool' | 'double'
}

const selector = (names: string, functions: readonly string[]): ExpressionPlace => ({
  names,
  functions,
  optional: false,
  result: 'bool',
})

export type ExpressionKind = 'disk' | 'volume' | 'member' | 'link' | 'oom-trigger' | 'oom-ranking'

export const PLACES: Readonly<Record<ExpressionKind, ExpressionPlace>> = {
  disk: selector(`disk Disk; system_disk bool; ${UNITS}`, [GLOB]),
  volume: selector(`volume Volume; disk Disk; ${UNITS}`, []),
  member: selector(`volume Volume; disk Disk; volume_id string; system_disk bool; ${UNITS}`, [GLOB]),
  link: selector('link Link', [GLOB, 'mac(bytes): string']),
  'oom-trigger': {
    names: `${both(PRESSURES, 'double')}; ${both(BY_CLASS, 'map<int,double>')}; time_since_trigger google.protobuf.Duration; ${UNITS}; ${CLASSES}`,
    functions: ['multiply_qos_vectors(map<int, double>, map<int, double>): double'],
    optional: true,
    result: 'bool',
  },
  'oom-ranking': {
    names: `memory_max optional<uint>; memory_current optional<uint>; memory_peak optional<uint>; path string; class int; ${UNITS}; ${CLASSES}`,
    functions: [],
    optional: true,
    result: 'double',
  },
}
