import type { Command } from 'commander'
import { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf, type Api } from '../api/client.ts'
import type { ApiError } from '../api/problem.ts'
import { AgentsView, SealedPageView, type SealedView } from '../api/views.ts'
import { dataFolder } from '../config/paths.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { plural, printable } from '../output/text.ts'
import { recoveryPath } from '../recovery/identity.ts'
import { openSealed, readRecoveryIdentity } from '../recovery/open-sealed.ts'
import { failed, type Run, type Session } from '../session.ts'
import { writeTogether } from '../talos/write-together.ts'

interface RecoverOptions {
  readonly output?: string
  readonly site?: string
  readonly agent?: string
  readonly recoveryKey?: string
}

/** `lanline recover`: what the cloud keeps as ciphertext, opened here with the owner's recovery key. */
export function registerRecover(program: Command, run: Run): void {
  program
    .command('recover')
    .description('open everything the cloud keeps sealed: into a folder, or sealed anew for a new agent')
    .option('-o, --output <folder>', 'write a secrets.yaml for each cluster; all files or none, for you only')
    .option('--site <site>', 'the site of the new agent')
    .option('--agent <fingerprint>', 'the new agent, by the fingerprint that it shows itself')
    .option('--recovery-key <file>', 'the recovery key; the one of this deployment when left out')
    .action((options: RecoverOptions) => run((session) => recover(session, options)))
}

async function recover({ io, connect }: Session, options: RecoverOptions): Promise<Result<void, Failure>> {
  const { output, site, agent } = options
  if ((site === undefined) !== (agent === undefined)) return fail(EXIT.usage, '--site and --agent go together.')
  if (output === undefined && agent === undefined)
    return fail(EXIT.usage, 'Nothing to do.', 'Give --output FOLDER, or --site SITE --agent FINGERPRINT, or both.')
  const api = await connect()
  if (!api.ok) return api
  const keyPath = options.recoveryKey ?? recoveryPath(dataFolder(io.env), api.value.connection.name)
  const identity = await readRecoveryIdentity(keyPath)
  if (!identity.ok) return identity
  const newcomer =
    site === undefined || agent === undefined ? ok(undefined) : await findNewcomer(api.value, io, site, agent)
  if (!newcomer.ok) return newcomer

  const sealed = await listSealed(api.value, output !== undefined)
  if (!sealed.ok) return failed(io, sealed.error)
  if (sealed.value.length === 0) {
    io.say('The cloud keeps no sealed secrets.')
    return ok(undefined)
  }
  const files: { name: string; text: string }[] = []
  const { formatSecretsBundle } = await import('#core/talos/secrets-bundle.ts')
  const { sealBundle } = await import('#agent/vault/seal.ts')
  const { identityToRecipient } = await import('age-encryption')
  const owner = await identityToRecipient(identity.value.reveal())
  const copies: { body: object; name: string }[] = []
  for (const each of sealed.value) {
    const name = printable(each.clusterName ?? each.clusterUid)
    const bundle = await openSealed(name, each.ciphertext, identity.value)
    if (!bundle.ok) return bundle
    files.push({ name: `${fileName(each)}.yaml`, text: formatSecretsBundle(bundle.value) })
    if (newcomer.value && each.site === site)
      copies.push({
        name,
        body: {
          clusterUid: each.clusterUid,
          version: each.version,
          ciphertext: await sealBundle(bundle.value, [newcomer.value.ageRecipient, owner]),
        },
      })
  }
  // Everything opened before anything is written or sent.
  if (output !== undefined) {
    const written = await writeTogether(output, files)
    if (!written.ok) return fail(EXIT.failed, written.error, 'Nothing was written.')
    for (const path of written.value) io.out(path)
  }
  for (const { body } of copies) {
    const path = pathOf('sites', site ?? '', 'agents', newcomer.value?.agentId ?? '', 'sealed-copies')
    const kept = await api.value.call({ method: 'POST', path, body, answer: z.unknown() })
    if (!kept.ok) return failed(io, kept.error)
  }
  if (newcomer.value)
    io.out(
      `${plural(copies.length, 'bundle')} sealed for agent ${newcomer.value.agentId}: ${copies.map(({ name }) => name).join(', ')}`,
    )
  return ok(undefined)
}

/** The cloud names the agent's keys; that they are its own is proven by the fingerprint that the owner typed. */
async function findNewcomer(api: Api, io: Session['io'], site: string, fingerprint: string) {
  const found = await api.call({ method: 'GET', path: pathOf('sites', site, 'agents'), answer: AgentsView })
  if (!found.ok) return failed(io, found.error)
  const { isOwnedBy } = await import('#agent/identity/age-proof.ts')
  const agent = found.value.value.items.find(
    (each) => each.state !== 'revoked' && each.fingerprint === fingerprint.toLowerCase(),
  )
  if (agent && isOwnedBy(fingerprint.toLowerCase(), agent)) return ok(agent)
  return fail(
    EXIT.failed,
    agent
      ? `The keys that the API names for ${fingerprint} are not those of that fingerprint. Nothing was sealed.`
      : `Site ${site} has no agent with the fingerprint ${printable(fingerprint)}.`,
    'Read the fingerprint where the agent runs: lanline-agent status.',
  )
}

/** Far more pages than any deployment has clusters for. */
const MAX_PAGES = 500

async function listSealed(api: Api, reveal: boolean): Promise<Result<readonly SealedView[], ApiError>> {
  const all: SealedView[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const found = await api.call({
      method: 'POST',
      path: pathOf('recoveries'),
      body: { reveal, cursor },
      answer: SealedPageView,
    })
    if (!found.ok) return found
    all.push(...found.value.value.items)
    cursor = found.value.value.nextCursor
    if (cursor === undefined) break
  }
  return ok(all)
}

/** A cluster that is gone has only its uid left. */
const fileName = ({ site, clusterName, clusterUid, version }: SealedView): string =>
  `secrets-${clusterName === undefined ? clusterUid : `${site ?? ''}-${clusterName}`}-v${version}`
