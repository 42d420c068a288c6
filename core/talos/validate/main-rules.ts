import type { VersionContract } from '../contracts/contract.ts'
import { listOf, membersOf, textOf, valueAt, type MachineRole, type Members } from './config-document.ts'
import { fault, type FieldFault } from './fault.ts'
import {
  checkEndpoint,
  checkKubernetesImage,
  checkLabels,
  checkSubnetFilters,
  checkTaints,
  isEntropy,
} from './value-rules.ts'

/** What a node asks of the v1alpha1 document beyond its shape. Source: Talos `v1alpha1_validation.go`, in own words. */
export interface MainContext {
  readonly role: MachineRole
  readonly contract: VersionContract
}

export function checkMain(main: Members, { role, contract }: MainContext): readonly FieldFault[] {
  const at = (path: string) => valueAt(main, path)
  const when = (wrong: boolean, field: string, message: string) => (wrong ? [fault(field, message)] : [])
  const given = (path: string) => at(path) !== undefined
  return [
    ...when(at('persist') === false, 'persist', 'must be true'),
    ...when(at('machine.type') !== role, 'machine.type', `must be ${role}: that is what this machine is`),
    ...checkAuthorities(main, role),
    ...when(
      (given('cluster.controlPlane') || !contract.multiDocKubernetes) &&
        textOf(at('cluster.controlPlane.endpoint')) === undefined,
      'cluster.controlPlane.endpoint',
      'is missing',
    ),
    ...(given('cluster.controlPlane.endpoint')
      ? checkEndpoint(at('cluster.controlPlane.endpoint'), 'cluster.controlPlane.endpoint')
      : []),
    ...when(role === 'worker' && given('cluster.etcd'), 'cluster.etcd', 'is only for control planes'),
    ...when(
      role === 'controlplane' && given('cluster.etcd') && !given('cluster.etcd.ca'),
      'cluster.etcd.ca',
      'is missing',
    ),
    ...when(
      role === 'worker' && at('machine.features.kubernetesTalosAPIAccess.enabled') === true,
      'machine.features.kubernetesTalosAPIAccess',
      'is only for control planes',
    ),
    ...when(
      !contract.emptyMachineNetwork &&
        at('machine.features.hostDNS.forwardKubeDNSToHost') === true &&
        at('machine.features.hostDNS.enabled') !== true,
      'machine.features.hostDNS.forwardKubeDNSToHost',
      'needs hostDNS to be enabled',
    ),
    ...when(
      given('cluster.secret') && !isEntropy(textOf(at('cluster.secret'))),
      'cluster.secret',
      'must be base64 of 32 bytes',
    ),
    ...checkDiscovery(main),
    ...checkCni(main),
    ...checkSubnetFilters(at('machine.kubelet.nodeIP.validSubnets'), 'machine.kubelet.nodeIP.validSubnets'),
    ...checkSubnetFilters(at('cluster.etcd.advertisedSubnets'), 'cluster.etcd.advertisedSubnets'),
    ...checkSubnetFilters(at('cluster.etcd.listenSubnets'), 'cluster.etcd.listenSubnets'),
    ...checkLabels(at('machine.nodeLabels'), 'machine.nodeLabels'),
    ...checkTaints(at('machine.nodeTaints'), 'machine.nodeTaints'),
    ...checkKubeletConfig(at('machine.kubelet.extraConfig'), 'machine.kubelet.extraConfig'),
    ...checkManifestNames(main),
    ...imagePaths(role).flatMap((path) => checkKubernetesImage(at(path), path, contract.kubernetes)),
  ]
}

function checkAuthorities(main: Members, role: MachineRole): readonly FieldFault[] {
  const at = (path: string) => textOf(valueAt(main, path))
  if (role === 'worker')
    return ['machine.ca.key', 'cluster.ca.key']
      .flatMap((path) =>
        at(path) === undefined ? [] : [fault(path, 'is a key of an authority, which only control planes may hold')],
      )
      .concat(
        at('machine.ca.crt') === undefined && listOf(valueAt(main, 'machine.acceptedCAs')).length === 0
          ? [fault('machine.ca.crt', 'is missing')]
          : [],
      )
  return ['machine.ca.crt', 'machine.ca.key'].flatMap((path) =>
    at(path) === undefined ? [fault(path, 'is missing')] : [],
  )
}

function checkDiscovery(main: Members): readonly FieldFault[] {
  const at = (path: string) => valueAt(main, path)
  const enabled = at('cluster.discovery.enabled') === true
  if (!enabled)
    return at('machine.network.kubespan.enabled') === true
      ? [fault('cluster.discovery.enabled', 'must be true: KubeSpan needs it')]
      : []
  if (at('cluster.discovery.registries.service.disabled') === true) return []
  return ['cluster.id', 'cluster.secret'].flatMap((path) =>
    textOf(at(path)) === undefined ? [fault(path, 'is missing: discovery needs it')] : [],
  )
}

function checkCni(main: Members): readonly FieldFault[] {
  const cni = membersOf(valueAt(main, 'cluster.network.cni'))
  if (!cni || cni['name'] === 'custom' || listOf(cni['urls']).length === 0) return []
  return [fault('cluster.network.cni.urls', 'is only for the CNI named custom')]
}

function checkManifestNames(main: Members): readonly FieldFault[] {
  const names = listOf(valueAt(main, 'cluster.inlineManifests')).map((item) =>
    textOf(membersOf(item)?.['name'])?.trim(),
  )
  return names.flatMap((name, index) => {
    const field = `cluster.inlineManifests[${index}].name`
    if (!name) return [fault(field, 'is missing')]
    return names.indexOf(name) < index ? [fault(field, `is there twice: ${name}`)] : []
  })
}

/** What Talos sets by itself. */
const OWN_KUBELET_FIELDS = [
  'apiVersion',
  'authentication',
  'authorization',
  'cgroupRoot',
  'kind',
  'kubeletCgroups',
  'port',
  'protectKernelDefaults',
  'resolvConf',
  'rotateCertificates',
  'systemCgroups',
  'staticPodPath',
  'seccompDefault',
]

export const checkKubeletConfig = (value: Members[string], field: string): readonly FieldFault[] =>
  Object.keys(membersOf(value) ?? {}).flatMap((name) =>
    OWN_KUBELET_FIELDS.includes(name) ? [fault(`${field}.${name}`, 'is set by Talos and cannot be changed')] : [],
  )

const imagePaths = (role: MachineRole): readonly string[] => [
  'machine.kubelet.image',
  ...(role === 'controlplane'
    ? ['cluster.apiServer.image', 'cluster.controllerManager.image', 'cluster.scheduler.image']
    : []),
]
