import { err, ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import type { ConfigIntent, OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { checkedMachineConfig } from '#core/talos/checked-config.ts'
import { configInputOf } from '#core/talos/intent-config.ts'
import { canonicalConfig } from '#core/talos/machine-config.ts'
import { patchLevelsOf } from '#core/talos/patched-config.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { contractOfTalos } from '#core/talos/versions.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import { deriveConfigToken } from '../vault/config-token.ts'
import type { HandlerDeps } from './deps.ts'
import { ejectMedia } from './eject-media.ts'
import type { HandlerContext, OperationHandler } from './handler.ts'
import { locate } from './locate.ts'
import { waitFor } from './waiting.ts'

/**
 * A machine gets its configuration, rendered here from the bundle and the intent. It is sent only to a machine that
 * carries the right UUID, and has arrived when the machine answers with the cluster's own certificate.
 *
 * Safe to run again: a machine that already has this configuration is left alone, and applying it twice changes
 * nothing. Problems: node-foreign, config-refused, patch-refused, node-unauthorized (never); not-found, deadline-passed (later).
 */
export const configureMachine =
  (deps: HandlerDeps): OperationHandler<'machine.configure'> =>
  async (given, context) => {
    const bundle = await deps.secrets.bundle(given.clusterUid, given.secretsVersion)
    if (!bundle.ok) return bundle
    const identity = await deps.secrets.talosIdentity(given.clusterUid, given.secretsVersion)
    if (!identity.ok) return identity
    const open = bundle.value.reveal()
    const config = render(given.intent, open, deps.factory.host)
    if (!config.ok) return config
    const wanted = tokenOf(open, config.value)
    if (!wanted.ok) return wanted

    const located = await locate(deps, given, context)
    if (!located.ok) return located
    const input = located.value
    const found = given.address === '' ? { address: input.address } : {}
    context.progress('waiting for the machine to answer')
    const seen = await waitFor(context, ANSWERING, () => lookAt(deps, input, identity.value, open, context))
    if (!seen.ok) return seen
    const confirmed = deps.configured.find(input.machineId)
    const known = confirmed?.intentHash === input.intentHash ? confirmed.configToken : undefined
    const { token } = seen.value
    if (token !== undefined && (token === wanted.value || token === known))
      return ok({ intentHash: input.intentHash, configToken: token, ...found })

    const credentials = token === undefined ? 'maintenance' : identity.value
    const applied = await apply(deps, input, credentials, config.value, context)
    if (!applied.ok) return applied

    context.progress('waiting for the machine to take its configuration')
    const held = await waitFor(context, TAKEN, async () => {
      const now = await heldByUs(deps, input, identity.value, open, context)
      // A configured machine goes on showing the old configuration until it has taken the new one.
      return now.ok && now.value === token && now.value !== wanted.value ? ok(undefined) : now
    })
    if (!held.ok) return held
    context.steps.done('apply')
    await ejectMedia(deps, input, context)
    return ok({ intentHash: input.intentHash, configToken: held.value, ...found })
  }

type Input = OperationInput<'machine.configure'>

/**
 * Firmware, kernel and network of a machine that was just powered on. An address at which nobody is takes seconds to
 * say so, which is pause enough.
 */
const ANSWERING = { what: 'the machine to answer on its address', limitMs: 6 * 60_000, everyMs: 500 }
/** The machine restarts its API, and may install and reboot; a worker first needs a control plane that signs for it. */
const TAKEN = { what: 'the machine to answer with its certificate', limitMs: 8 * 60_000, everyMs: 1_000 }

/** Who is at the address. Anybody but the machine meant ends the operation, before anything secret is sent. */
async function presenceOf(
  { talos }: HandlerDeps,
  { address, machineId }: Input,
  identity: ClientIdentity,
  signal: AbortSignal,
): Promise<Result<'maintenance' | 'configured', Problem>> {
  const presence = await talos.probe(address, identity, signal)
  switch (presence.is) {
    case 'absent':
      return err(presence.problem)
    case 'foreign':
      return err(problem('node-foreign', { address, machineId }, presence.problem))
    case 'maintenance':
    case 'configured':
      return presence.uuid === machineId
        ? ok(presence.is)
        : err(problem('node-foreign', { address, machineId, uuid: presence.uuid ?? 'none' }))
  }
}

/** The machine meant, and the fingerprint of what it holds; without one while it holds nothing. */
async function lookAt(
  deps: HandlerDeps,
  input: Input,
  identity: ClientIdentity,
  bundle: SecretsBundle,
  context: HandlerContext,
): Promise<Result<{ readonly token: string | undefined } | undefined, Problem>> {
  const presence = await presenceOf(deps, input, identity, context.signal)
  if (!presence.ok) return presence
  if (presence.value === 'maintenance') return ok({ token: undefined })
  const held = await heldToken(deps, input.address, identity, bundle, context)
  return held.ok ? ok({ token: held.value }) : held
}

/** Sends the configuration once. A lost answer is no failure: the machine shows afterwards what it holds. */
async function apply(
  { talos }: HandlerDeps,
  { address, machineId }: Input,
  credentials: ClientIdentity | 'maintenance',
  config: Secret<string>,
  context: HandlerContext,
): Promise<Result<void, Problem>> {
  context.progress('applying the configuration')
  const node = talos.connect(address, credentials, machineId)
  try {
    const applied = await waitFor(
      context,
      { what: 'the machine to take a configuration', limitMs: 60_000, everyMs: 5_000 },
      async () => {
        context.steps.intend('apply', 'idempotent')
        const answer = await node.applyConfiguration(config, 'auto')
        if (answer.ok) return ok(true)
        return answer.error.code === 'outcome-unknown' ? ok(true) : answer
      },
    )
    return applied.ok ? ok(undefined) : applied
  } finally {
    node.close()
  }
}

async function heldByUs(
  deps: HandlerDeps,
  input: Input,
  identity: ClientIdentity,
  bundle: SecretsBundle,
  context: HandlerContext,
): Promise<Result<string | undefined, Problem>> {
  const presence = await presenceOf(deps, input, identity, context.signal)
  // Right after applying, the machine may still answer as it did before, or refuse both kinds of client.
  if (!presence.ok) return presence.error.cause ? ok(undefined) : presence
  if (presence.value !== 'configured') return ok(undefined)
  return heldToken(deps, input.address, identity, bundle, context)
}

/** Fingerprint of the configuration in force. */
async function heldToken(
  { talos }: HandlerDeps,
  address: string,
  identity: ClientIdentity,
  bundle: SecretsBundle,
  context: HandlerContext,
): Promise<Result<string, Problem>> {
  const node = talos.connect(address, identity)
  try {
    const version = await node.version(context.signal)
    if (!version.ok) return version
    const active = await node.activeConfig(context.signal)
    return active.ok ? tokenOf(bundle, active.value) : active
  } finally {
    node.close()
  }
}

function tokenOf(bundle: SecretsBundle, config: Secret<string>): Result<string, Problem> {
  const canonical = canonicalConfig(config.reveal())
  return canonical.ok ? ok(deriveConfigToken(bundle, canonical.value)) : canonical
}

function render(intent: ConfigIntent, bundle: SecretsBundle, factoryHost: string): Result<Secret<string>, Problem> {
  const input = configInputOf(intent, bundle, factoryHost)
  if (!input.ok) return input
  const minor = contractOfTalos(intent.talosVersion) ?? input.value.contract
  const config = checkedMachineConfig(input.value, minor, patchLevelsOf(intent))
  return config.ok ? ok(new Secret(config.value)) : config
}
