/** What the simulated host's QEMU offers, a believable part of the real lists. */
interface CpuModel {
  readonly name: string
  readonly vendor: string
  /** Not a model of its own but a wish for what the machine has. */
  readonly abstract?: 1
}

const byVendor = (vendor: string, names: readonly string[]): CpuModel[] => names.map((name) => ({ name, vendor }))

export const CPU_MODELS: readonly CpuModel[] = [
  ...byVendor('default', ['host', 'max', 'kvm32', 'kvm64', 'qemu32', 'qemu64']),
  ...byVendor('default', ['x86-64-v2', 'x86-64-v2-AES', 'x86-64-v3', 'x86-64-v4']).map((model) => ({
    ...model,
    abstract: 1 as const,
  })),
  ...byVendor('AuthenticAMD', ['EPYC', 'EPYC-Rome', 'EPYC-Milan', 'EPYC-Genoa', 'EPYC-Turin', 'Opteron_G5']),
  ...byVendor('GenuineIntel', ['Nehalem', 'Westmere', 'SandyBridge', 'IvyBridge', 'Haswell', 'Broadwell']),
  ...byVendor('GenuineIntel', ['Skylake-Client', 'Skylake-Server', 'Cascadelake-Server', 'Icelake-Server']),
  ...byVendor('GenuineIntel', ['SapphireRapids', 'GraniteRapids', 'SierraForest']),
]

const MACHINE_CHANGES: Readonly<Record<string, string>> = {
  '11.0+pve1': 'Disables the UDP tunnel offload of virtio network devices by default.',
  '10.0+pve1': 'Set host_mtu vNIC option even with default value for migration compat.',
  '9.2+pve1': 'Disables S3/S4 power states by default.',
}

export const machinesOf = (versions: readonly string[]) =>
  versions.flatMap((version) =>
    ['i440fx', 'q35'].map((type) => ({
      id: `pc-${type}-${version}`,
      type,
      version,
      ...(MACHINE_CHANGES[version] === undefined ? {} : { changes: MACHINE_CHANGES[version] }),
    })),
  )
