import { Option, type Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import type { MachineConfigInput, MachineInput } from '#core/talos/machine-config-input.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { checkKubernetesOnTalos } from '#core/talos/versions.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Run, Session } from '../session.ts'
import { readContract } from '../talos/contract-option.ts'
import { readSecrets } from '../talos/read-text.ts'

interface ConfigOptions {
  readonly secrets: string
  readonly cluster: string
  readonly endpoint: string
  readonly kubernetes: string
  readonly contract: TalosContract
  readonly type: MachineInput['role']
  readonly installDisk?: string
  readonly installImage?: string
  readonly additionalSans?: readonly string[]
  readonly dnsDomain?: string
}

/** `lanline talos config`: what `talosctl gen config --with-secrets` writes for the same input, without its comments. */
export function registerTalosConfig(talos: Command, run: Run): void {
  talos
    .command('config')
    .description("print a machine configuration as upstream's generator makes it")
    .requiredOption('--secrets <file>', 'a secrets.yaml')
    .requiredOption('--cluster <name>', 'name of the cluster')
    .requiredOption('--endpoint <url>', 'where its Kubernetes API is, as in https://192.168.1.50:6443')
    .requiredOption('--kubernetes <version>', 'version of Kubernetes, as in v1.36.3')
    .requiredOption('--contract <minor>', 'the Talos minor whose defaults count', readContract)
    .addOption(
      new Option('--type <role>', 'what the machine is').choices(['controlplane', 'worker']).makeOptionMandatory(),
    )
    .option('--install-disk <path>', 'where Talos is installed (talosctl itself assumes /dev/sda)')
    .option('--install-image <image>', 'the installer (talosctl itself names the one of its own version)')
    .option('--additional-sans <name...>', 'more names for the certificates')
    .option('--dns-domain <domain>', 'DNS domain of the cluster')
    .action((options: ConfigOptions) => run((session) => config(session, options)))
}

async function config({ io }: Session, options: ConfigOptions): Promise<Result<void, Failure>> {
  const kubernetes = `v${options.kubernetes.replace(/^v/, '')}`
  const checked = checkKubernetesOnTalos(options.contract, kubernetes)
  if (!checked.ok) {
    const { supported } = checked.error.facts
    const range = Array.isArray(supported) ? supported.join(', ') : String(supported)
    return fail(
      EXIT.usage,
      `Talos ${options.contract} does not run Kubernetes ${options.kubernetes}; it runs ${range}.`,
    )
  }
  if (!isEndpoint(options.endpoint))
    return fail(EXIT.usage, `The endpoint ${options.endpoint} is no address like https://192.168.1.50:6443.`)
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(options.cluster))
    return fail(
      EXIT.usage,
      `The name of a cluster is made of letters, digits, dots and hyphens, not "${options.cluster}".`,
    )
  const bundle = await readSecrets(options.secrets)
  if (!bundle.ok) return bundle
  io.out(renderMachineConfig(inputOf(options, kubernetes, bundle.value)).trimEnd())
  return ok(undefined)
}

function isEndpoint(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return (
    url?.protocol === 'https:' &&
    url.hostname !== '' &&
    url.username === '' &&
    ['', '/'].includes(url.pathname) &&
    !url.search
  )
}

const inputOf = (options: ConfigOptions, kubernetesVersion: string, bundle: SecretsBundle): MachineConfigInput => ({
  contract: options.contract,
  bundle,
  cluster: {
    name: options.cluster,
    endpoint: options.endpoint,
    kubernetesVersion,
    schedulableControlPlanes: false,
    excludeControlPlanesFromLoadBalancers: true,
    dnsDomain: options.dnsDomain,
    ...(isIpv6(options.endpoint) ? IPV6_SUBNETS : {}),
  },
  machine: {
    role: options.type,
    nics: [],
    nameservers: [],
    certSANs: options.additionalSans ?? [],
    installDisk: options.installDisk === undefined ? undefined : { path: options.installDisk },
    installerImage: options.installImage,
  },
})

/** Upstream's choice for a cluster that is reached by an IPv6 address. */
const IPV6_SUBNETS = { podSubnets: ['fc00:db8:10::/56'], serviceSubnets: ['fc00:db8:20::/112'] }

const isIpv6 = (endpoint: string): boolean => new URL(endpoint).hostname.startsWith('[')
