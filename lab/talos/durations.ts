/** How long things take on a real host, in lab milliseconds; believable medians, divided by the lab's rate. */
export const DURATION = {
  /** Firmware, kernel, early network: power on until something listens on 50000. */
  boot: 20_000,
  /** The maintenance API goes away this long after a configuration was taken. */
  maintenanceGrace: 500,
  /** Configuration taken until the API is back with the cluster's certificates (no reboot on nocloud). */
  configure: 20_000,
  /** First agreement with a time server after the API is up; bootstrap is refused before. */
  timeSync: 2_000,
  /** The kubelet image is pulled and its process healthy. */
  kubeletStart: 8_000,
  /** etcd's image is there and it begins to wait for a cluster; bootstrap is refused before. */
  etcdPrepare: 3_000,
  /** Bootstrap until the one-member etcd is healthy. */
  etcdBootstrap: 15_000,
  /** A learner catches up and is promoted. */
  etcdJoin: 12_000,
  /** A member that was there before comes back. */
  etcdRestart: 4_000,
  /** Images of the static pods are pulled and the API server answers. */
  controlPlaneStart: 28_000,
  /** Joining control planes pull while etcd catches up. */
  controlPlaneJoin: 18_000,
  controlPlaneRestart: 10_000,
  /** A static pod comes back with another image. */
  staticPodRestart: 8_000,
  /** The kubelet registers its node once it reaches an API server. */
  nodeRegister: 4_000,
  /** CNI and kube-proxy come up on a registered node. */
  nodeReady: 12_000,
  /** No heartbeat for this long makes a node NotReady. */
  nodeLost: 40_000,
  /** CoreDNS is scheduled and ready after the first node is. */
  coreDns: 10_000,
  /** The shared address is taken over by another control plane. */
  vipMove: 10_000,
  /** Services stop, file systems are unmounted. */
  shutdown: 6_000,
  /** Partitions are wiped. */
  wipe: 3_000,
  /** An installer writes the other boot slot. */
  install: 12_000,
  /** An image of the usual size is pulled. */
  imagePull: 10_000,
  /** A snapshot is read out of etcd, and a recovery is taken in. */
  etcdSnapshot: 1_000,
  /** A service stops and starts again. */
  serviceRestart: 2_000,
} as const

/** As Go prints a duration: `1m0s`, `1h0m0s`, `30s`. */
export function goDuration(ms: number): string {
  const seconds = ms / 1000
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = `${+(seconds % 60).toFixed(3)}s`
  return hours > 0 ? `${hours}h${minutes}m${rest}` : minutes > 0 ? `${minutes}m${rest}` : rest
}
