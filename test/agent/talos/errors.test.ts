import { Code, ConnectError } from '@connectrpc/connect'
import { describe, expect, test } from 'vitest'
import { talosProblem, type CallKind } from '#agent/talos/errors.ts'
import type { ProblemCode } from '#core/model/problem.ts'

/**
 * What Talos really says, where it says it, and what it means to us. Every effect among these was not begun, which is
 * the whole point: anything else that goes wrong with an effect leaves its outcome unknown.
 */
const SERVER = 'internal/app/machined/internal/server/v1alpha1/v1alpha1_server.go'
const LIFECYCLE = 'internal/app/lifecycle/lifecycle.go'
const ETCD = 'internal/pkg/etcd/etcd.go'

const SAID: readonly (readonly [source: string, code: Code, text: string, means: ProblemCode])[] = [
  // Bootstrap.
  [SERVER, Code.FailedPrecondition, 'bootstrap is not available yet', 'bootstrap-not-ready'],
  [SERVER, Code.FailedPrecondition, 'time is not in sync yet', 'bootstrap-not-ready'],
  [SERVER, Code.Unknown, 'bootstrap is not allowed during unattended install', 'bootstrap-not-ready'],
  [`${SERVER} 1.14`, Code.InvalidArgument, 'etcd is not configured, bootstrap is not possible', 'config-refused'],
  [
    `${SERVER} 1.12`,
    Code.FailedPrecondition,
    'bootstrap can only be performed on a control plane node',
    'config-refused',
  ],
  [
    'internal/app/internal/machinehelper',
    Code.Unimplemented,
    'bootstrap is only available on control plane nodes',
    'config-refused',
  ],
  // Recovery.
  [SERVER, Code.FailedPrecondition, 'etcd service is not ready for recovery yet', 'recovery-not-ready'],
  [
    'internal/app/internal/machinehelper',
    Code.Unimplemented,
    'etcd recover is only available on control plane nodes',
    'config-refused',
  ],
  // Configuration.
  [SERVER, Code.FailedPrecondition, 'another apply configuration is already in progress', 'still-settling'],
  [
    SERVER,
    Code.FailedPrecondition,
    'configuration was already applied and node is rebooting, cannot apply more configuration changes until next reboot',
    'still-settling',
  ],
  [SERVER, Code.InvalidArgument, "this config change can't be applied in immediate mode\ndiff: x", 'config-refused'],
  [
    SERVER,
    Code.InvalidArgument,
    "the applied machine configuration doesn't contain v1alpha1 config, did you mean to patch the machine config instead?",
    'config-refused',
  ],
  [
    'pkg/machinery/compatibility/kubernetes_version.go',
    Code.InvalidArgument,
    'version of Kubernetes 1.37.0 is too new to be used with Talos 1.13.9',
    'config-refused',
  ],
  // Upgrade, new.
  [LIFECYCLE, Code.FailedPrecondition, 'another installation/upgrade is already in progress', 'still-settling'],
  [LIFECYCLE, Code.FailedPrecondition, 'machine is not installed', 'upgrade-refused'],
  [
    'internal/app/lifecycle/container.go',
    Code.Internal,
    'upgrade failed: installer image "x:v1.14.0" not found in containerd store: image "x": not found',
    'image-unavailable',
  ],
  [
    'internal/app/images/images.go',
    Code.NotFound,
    'error pulling image: failed to resolve reference',
    'image-unavailable',
  ],
  // Upgrade, old.
  [
    `${SERVER} 1.12`,
    Code.Unknown,
    'error validating installer image "x:v1.12.9": error pulling image',
    'image-unavailable',
  ],
  [`${SERVER} 1.12`, Code.Unknown, 'failed to acquire upgrade mutex: context deadline exceeded', 'still-settling'],
  [
    ETCD,
    Code.Unknown,
    'error validating etcd for upgrade: etcd member count(2) is insufficient to maintain quorum if upgrade commences',
    'etcd-quorum-at-risk',
  ],
  [
    ETCD,
    Code.Unknown,
    'error validating etcd for upgrade: etcd member 0000000000000abc is not healthy; all members must be healthy to perform an upgrade',
    'etcd-quorum-at-risk',
  ],
  // Members.
  [
    ETCD,
    Code.Unknown,
    'failed to forfeit leadership: cannot forfeit leadership, only one member',
    'etcd-quorum-at-risk',
  ],
  [
    ETCD,
    Code.Unknown,
    'failed to remove member: failed to remove member 1: etcdserver: unhealthy cluster',
    'etcd-quorum-at-risk',
  ],
  // Who asks.
  ['pkg/grpc/middleware/authz', Code.PermissionDenied, 'not authorized', 'node-unauthorized'],
  ['internal/app/apid', Code.PermissionDenied, 'no request forwarding', 'node-unauthorized'],
  [
    'internal/app/maintenance/server.go 1.12',
    Code.Unimplemented,
    'API is not implemented in maintenance mode',
    'node-unauthorized',
  ],
  [
    `${SERVER} 1.12`,
    Code.FailedPrecondition,
    "client configuration (talosconfig) can't be generated on worker nodes",
    'config-refused',
  ],
]

const problemOf = (code: Code, text: string, kind: CallKind) =>
  talosProblem(new ConnectError(text, code), { name: 'x', kind, address: 'a' }, false)

describe('what a node refuses', () => {
  test.each(SAID)('in %s, %s "%s" is %s, for an effect and for a question', (_, code, text, means) => {
    expect(problemOf(code, text, 'effect').code).toBe(means)
    expect(problemOf(code, text, 'read').code).toBe(means)
  })

  test.each([
    [Code.Unknown, 'something nobody has heard of'],
    [Code.Internal, 'upgrade failed: task exited with error'],
    [Code.DeadlineExceeded, 'context deadline exceeded'],
    [Code.Unavailable, 'closing transport'],
  ])('an effect that ends with %s "%s" has an unknown outcome', (code, text) => {
    expect(problemOf(code, text, 'effect')).toMatchObject({ code: 'outcome-unknown', retry: 'look-again' })
  })

  test('a reason is one short line: the rest may quote a configuration', () => {
    const { facts } = problemOf(Code.InvalidArgument, `${'x'.repeat(1000)}\ntoken: secret`, 'effect')
    expect(facts['reason']).toBe('x'.repeat(300))
  })
})
