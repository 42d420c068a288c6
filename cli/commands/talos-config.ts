import { InvalidArgumentError, Option, type Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { endpointFault } from '#core/talos/endpoint.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { applyPatches } from '#core/talos/merge/apply-patches.ts'
import { sayPatchProblem } from '#core/talos/merge/patch-problem.ts'
import { checkKubernetesOnTalos } from '#core/talos/versions.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { printable } from '../output/text.ts'
import type { Run, Session } from '../session.ts'
import { configInputFrom, DEFAULT_INSTALL_DISK, type ConfigOptions } from '../talos/config-options.ts'
import { readContract } from '../talos/contract-option.ts'
import { readPatch, readSecrets } from '../talos/read-text.ts'

/** `lanline talos config`: what `talosctl gen config --with-secrets` writes for the same input, without its comments. */
export function registerTalosConfig(talos: Command, run: Run): void {
  talos
    .command('config')
    .description("print a machine configuration as upstream's generator makes it")
    .requiredOption('--secrets <file>', 'a secrets.yaml; - is stdin')
    .requiredOption('--cluster <name>', 'name of the cluster')
    .requiredOption('--endpoint <url>', 'where its Kubernetes API is, as in https://192.168.1.50:6443')
    .requiredOption('--kubernetes <version>', 'version of Kubernetes, as in v1.36.3')
    .requiredOption('--contract <minor>', 'the Talos minor whose defaults count', readContract)
    .addOption(
      new Option('--type <role>', 'what the machine is').choices(['controlplane', 'worker']).makeOptionMandatory(),
    )
    .option('--install-disk <path>', 'where Talos is installed; "" leaves it out', DEFAULT_INSTALL_DISK)
    .option('--install-image <image>', 'the installer (talosctl itself names the one of its own version)')
    .option('--additional-sans <name...>', 'more names for the certificates')
    .option('--dns-domain <domain>', 'DNS domain of the cluster')
    .option('--registry-mirror <host=url...>', 'where to ask instead of a registry')
    .addOption(new Option('--with-cluster-discovery [boolean]', 'machines find each other').argParser(readBoolean))
    .addOption(new Option('--with-kubespan [boolean]', 'machines talk through WireGuard').argParser(readBoolean))
    .option('--config-patch <patch...>', 'a patch, or @file to read one from a file')
    .action((options: ConfigOptions) => run((session) => config(session, options)))
}

function readBoolean(text: string): boolean {
  if (/^(true|1|t)$/i.test(text)) return true
  if (/^(false|0|f)$/i.test(text)) return false
  throw new InvalidArgumentError('It is true or false.')
}

async function config({ io }: Session, options: ConfigOptions): Promise<Result<void, Failure>> {
  const kubernetes = `v${options.kubernetes.replace(/^v/, '')}`
  const checked = checkKubernetesOnTalos(options.contract, kubernetes)
  if (!checked.ok) {
    const { supported } = checked.error.facts
    const range = Array.isArray(supported) ? supported.join(', ') : String(supported)
    return fail(
      EXIT.usage,
      `Talos ${options.contract} does not run Kubernetes ${printable(options.kubernetes)}; it runs ${range}.`,
    )
  }
  const fault = endpointFault(options.endpoint)
  if (fault !== undefined)
    return fail(
      EXIT.usage,
      `The endpoint ${printable(options.endpoint)} ${fault}; it looks like https://192.168.1.50:6443.`,
    )
  if (!/^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$/i.test(options.cluster))
    return fail(
      EXIT.usage,
      `The name of a cluster is made of letters, digits, dots and hyphens, not "${printable(options.cluster)}".`,
    )
  const bundle = await readSecrets(options.secrets)
  if (!bundle.ok) return bundle
  const input = configInputFrom(options, kubernetes, bundle.value)
  if (!input.ok) return input

  const patches: string[] = []
  for (const given of options.configPatch ?? []) {
    const patch = await readPatch(given)
    if (!patch.ok) return patch
    patches.push(patch.value)
  }
  const patched = applyPatches(renderMachineConfig(input.value), patches, options.contract)
  if (!patched.ok) return fail(EXIT.usage, printable(sayPatchProblem(patched.error)), 'Nothing was made.')
  io.out(patched.value.trimEnd())
  return ok(undefined)
}
