import { ok, type Result } from '#core/base/result.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import type { MachineConfigInput, MachineInput, Registries } from '#core/talos/machine-config-input.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { printable } from '../output/text.ts'

/** What `lanline talos config` is told; the names are those of `talosctl gen config`. */
export interface ConfigOptions {
  readonly secrets: string
  readonly cluster: string
  readonly endpoint: string
  readonly kubernetes: string
  readonly contract: TalosContract
  readonly type: MachineInput['role']
  readonly installDisk: string
  readonly installImage?: string
  readonly additionalSans?: readonly string[]
  readonly dnsDomain?: string
  readonly registryMirror?: readonly string[]
  readonly withClusterDiscovery?: boolean
  readonly withKubespan?: boolean
  readonly configPatch?: readonly string[]
}

/** What talosctl assumes when nobody says otherwise. */
export const DEFAULT_INSTALL_DISK = '/dev/sda'

/**
 * The input of upstream's generator. The subnets are those of IPv4 for an endpoint with an IPv6 address, too: upstream has
 * others for that case and never uses them, because it looks for an address in the whole URL.
 */
export function configInputFrom(
  options: ConfigOptions,
  kubernetesVersion: string,
  bundle: SecretsBundle,
): Result<MachineConfigInput, Failure> {
  const mirrors = readMirrors(options.registryMirror ?? [])
  if (!mirrors.ok) return mirrors
  return ok({
    contract: options.contract,
    bundle,
    cluster: {
      name: options.cluster,
      endpoint: options.endpoint,
      kubernetesVersion,
      schedulableControlPlanes: false,
      excludeControlPlanesFromLoadBalancers: true,
      dnsDomain: options.dnsDomain,
      discovery: { enabled: options.withClusterDiscovery ?? true },
      // Upstream does not write that it is off.
      kubeSpan: options.withKubespan === true ? true : undefined,
    },
    machine: {
      role: options.type,
      nics: [],
      nameservers: [],
      certSANs: listed(options.additionalSans ?? []),
      installDisk: options.installDisk === '' ? undefined : { path: options.installDisk },
      installerImage: options.installImage === '' ? undefined : options.installImage,
      registries: { mirrors: mirrors.value },
    },
  })
}

/** Several in one word are joined by commas, as talosctl has it. */
const listed = (words: readonly string[]): readonly string[] =>
  words.flatMap((word) => word.split(',')).filter((word) => word !== '')

/** The same registry may be named again: its mirrors are asked in order. */
function readMirrors(words: readonly string[]): Result<NonNullable<Registries['mirrors']>, Failure> {
  const endpoints = new Map<string, string[]>()
  for (const word of listed(words)) {
    const [, host, url] = /^([^=]+)=(.+)$/.exec(word) ?? []
    if (host === undefined || url === undefined || !URL.canParse(url))
      return fail(EXIT.usage, `A mirror looks like docker.io=https://mirror.example.com, not "${printable(word)}".`)
    endpoints.set(host, [...(endpoints.get(host) ?? []), url])
  }
  return ok([...endpoints].map(([name, urls]) => ({ name, endpoints: urls })))
}
