import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { Secret } from '#core/base/secret.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { AGE_KEY_FILE, IDENTITY_KEY_FILE } from '#agent/identity/identity.ts'
import { openBundle } from '#agent/vault/seal.ts'
import { startControlPlane } from '#lab/control-plane/start.ts'
import { startLab } from '#lab/lab.ts'
import { enrollAgent, furnishAgent, kubeconfigOf, type AgentHome } from '#tools/stage/agent.ts'
import { stageApi, type StageApi } from '#tools/stage/api.ts'
import { apply, findCluster, operationsOf, untilReady } from '#tools/stage/clusters.ts'
import { runProgram } from '#tools/stage/run-process.ts'
import { homelab } from '#tools/stage/story.ts'
import { until } from '#tools/stage/until.ts'
import { startRelayRecorder, type RelayRecorder } from './relay-recorder.ts'
import { callCli } from './run-cli.ts'
import { cellsIn, filesIn, type Hay } from './stored-bytes.ts'

/** One creation of a cluster of which everything was kept that the cloud, a wire or a log ever got to see. */
export interface RecordedCreation {
  readonly bundle: SecretsBundle
  /** What was shown to people on the agent's own machine. */
  readonly kubeconfig: string
  /** As the nodes of the lab received them. */
  readonly machineConfigs: readonly string[]
  /** What `lanline export` and `lanline recover` wrote on the owner's machine, by file name, and their modes. */
  readonly exported: OwnersFiles
  readonly recovered: OwnersFiles
  /** Where nodes of the lab fetch their installer. */
  readonly factoryHost: string
  /** Secrets of the agent and its owner that are none of the cloud's business. */
  readonly siteSecrets: SiteSecrets
  readonly enrolment: { readonly joinToken: string; readonly recipient: string }
  readonly hays: readonly Hay[]
}

export interface OwnersFiles {
  readonly texts: Readonly<Record<string, string>>
  readonly modes: readonly number[]
}

export interface SiteSecrets {
  /** PEM. */
  readonly identityKey: string
  readonly ageKey: string
  readonly recoveryIdentity: string
  readonly proxmoxToken: string
}

const RATE = 60
/** Twelve times what it takes on an idle machine. */
const READY_MS = 60_000
const SAID_MS = 10_000

/** `canary` goes where people, documents and error texts of either side may put something, in one dress each. */
export async function recordCreation(canary: Buffer): Promise<RecordedCreation> {
  const dir = mkdtempSync(join(tmpdir(), 'lanline-secrets-'))
  const endings: (() => Promise<void>)[] = []
  try {
    return await record(dir, canary, endings)
  } finally {
    for (const end of endings.toReversed()) await end()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function record(dir: string, canary: Buffer, endings: (() => Promise<void>)[]): Promise<RecordedCreation> {
  const planeDir = join(dir, 'plane')
  const planeLog: string[] = []
  const agentLog: string[] = []
  const plane = await startControlPlane({ dir: planeDir, onLine: (line) => planeLog.push(line) })
  endings.push(() => plane.stop())
  const api = stageApi(plane.url, plane.adminToken)

  // Names reach every room: documents, operations, offers, the journal.
  const story = homelab(`-${canary.toString('hex')}`)
  const labelled = { ...story.site.metadata, labels: { note: `it is ${canary.toString('base64url')}.` } }
  await apply(api, [{ ...story.site, metadata: labelled }, story.network, story.machineClass])
  const site = story.site.metadata.name
  const name = story.cluster.metadata.name

  const lab = await startLab({ rate: RATE })
  endings.push(() => lab.close())
  const home = furnishAgent(join(dir, 'agent'), {
    socksUrl: lab.socksUrl,
    proxmox: lab.site,
    factoryUrl: lab.factoryUrl,
    rate: RATE,
  })
  const admission = await api.send<{ token: string; relayUrl: string }>('POST', `/v1/sites/${site}/join-tokens`, {
    approve: true,
  })
  const recorder = await startRelayRecorder(admission.body.relayUrl)
  endings.push(() => recorder.close())
  const recovery = await generateX25519Identity()
  const enrolled = await enrollAgent(home, {
    relayUrl: recorder.url,
    token: admission.body.token,
    recipient: await identityToRecipient(recovery),
  })
  agentLog.push(...enrolled)
  const agent = runProgram('agent/main.ts', ['run', '--config', home.configFile, '--state-dir', home.stateDir], {
    env: { LANLINE_LOG_LEVEL: 'debug' },
    onLine: (line) => agentLog.push(line),
  })
  endings.push(() => agent.stop())

  await apply(api, [story.cluster])
  await untilReady(api, name, READY_MS)
  const kubeconfig = await kubeconfigOf(home, name)
  await plantInLogs(recorder, canary, { planeLog, agentLog })
  const owner = { url: plane.url, token: plane.adminToken, recovery }
  const exported = await ownersFiles(join(dir, 'exported'), owner, ['export', name])
  const recovered = await ownersFiles(join(dir, 'recovered'), owner, ['recover'])

  const answers = await readEverything(api, site, name)
  // Twice: as a running control plane has it, write-ahead logs and all, and as it leaves it behind.
  const running = filesIn(planeDir)
  await agent.stop()
  await plane.stop()
  const cells = cellsIn(planeDir, join(dir, 'copy'))
  const ciphertext = sealedIn(cells)
  const opened = await openBundle(ciphertext, new Secret(recovery))
  if (!opened.ok) throw new Error(`the recovery identity does not open the bundle: ${opened.error.code}`)

  return {
    bundle: opened.value,
    kubeconfig,
    exported,
    recovered,
    factoryHost: new URL(lab.factoryUrl).host,
    machineConfigs: lab.nodes().flatMap((node) => node.disk?.config ?? []),
    siteSecrets: {
      identityKey: ownFile(home, IDENTITY_KEY_FILE),
      ageKey: ownFile(home, AGE_KEY_FILE),
      recoveryIdentity: recovery,
      proxmoxToken: lab.site.tokenSecret,
    },
    enrolment: {
      joinToken: admission.body.token,
      recipient: await identityToRecipient(ownFile(home, AGE_KEY_FILE)),
    },
    hays: [
      ...named('control plane, running', running),
      ...named('control plane, stopped', filesIn(planeDir)),
      ...named('control plane', cells),
      ...named(
        'agent',
        filesIn(home.stateDir).filter(({ place }) => !OWN_KEYS.includes(place)),
      ),
      ...named('agent', cellsIn(home.stateDir, join(dir, 'agent-copy'))),
      ...(['up', 'down'] as const).map((direction) =>
        texts(
          `frames ${direction}`,
          recorder.frames.filter((frame) => frame.direction === direction).map((frame) => frame.text),
        ),
      ),
      texts('relay over HTTP', recorder.calls),
      texts('log of the control plane', planeLog),
      texts('log of the agent', agentLog),
      texts('API answers', answers),
    ],
  }
}

/** The agent's own keys are in files of their own; everything else it keeps is sealed or no secret. */
const OWN_KEYS: readonly string[] = [IDENTITY_KEY_FILE, AGE_KEY_FILE]

const ownFile = (home: AgentHome, file: string): string => readFileSync(join(home.stateDir, file), 'utf8').trim()

/** What is not understood is answered with a text, and that text is logged: the way in which a secret slips out. */
async function plantInLogs(
  recorder: RelayRecorder,
  canary: Buffer,
  logs: { readonly planeLog: readonly string[]; readonly agentLog: readonly string[] },
): Promise<void> {
  const text = `no: ${canary.toString('base64')}`
  for (const direction of ['up', 'down'] as const)
    recorder.slipIn(direction, JSON.stringify({ type: 'unsupported', of: 'canary', text }))
  const said = (lines: readonly string[]) => lines.some((line) => line.includes(text))
  await until('both sides log the canary', SAID_MS, () => said(logs.planeLog) && said(logs.agentLog))
}

async function readEverything(api: StageApi, site: string, cluster: string): Promise<readonly string[]> {
  const lists = ['sites', 'networks', 'machineclasses', 'clusters', 'audit']
  const bodies = [
    ...(await Promise.all(lists.map((list) => api.get(`/v1/${list}`)))),
    await api.get(`/v1/sites/${site}/agents`),
    await api.get(`/v1/sites/${site}/capacity`),
    await findCluster(api, cluster),
    await operationsOf(api, cluster),
  ]
  return bodies.map((body) => JSON.stringify(body))
}

function sealedIn(cells: readonly Hay[]): string {
  const [found] = cells.flatMap(
    ({ bytes }) =>
      /-----BEGIN AGE ENCRYPTED FILE-----[^-]+-----END AGE ENCRYPTED FILE-----/.exec(bytes.toString()) ?? [],
  )
  if (!found) throw new Error('no sealed bundle is stored')
  return found
}

const named = (room: string, hays: readonly Hay[]): readonly Hay[] =>
  hays.map(({ place, bytes }) => ({ place: `${room}: ${place}`, bytes }))

const texts = (place: string, lines: readonly string[]): Hay => ({ place, bytes: Buffer.from(lines.join('\n')) })

/** Runs a command of the owner that writes files, and reads them. */
async function ownersFiles(
  folder: string,
  { url, token, recovery }: { readonly url: string; readonly token: string; readonly recovery: string },
  args: readonly string[],
): Promise<OwnersFiles> {
  const keyFile = `${folder}.key`
  writeFileSync(keyFile, `${recovery}\n`, { mode: 0o600 })
  const env = { LANLINE_URL: url, LANLINE_TOKEN: token }
  const run = await callCli([...args, '-o', folder, '--recovery-key', keyFile], env)
  if (run.code !== 0) throw new Error(`lanline ${args.join(' ')} failed: ${run.err}`)
  const names = readdirSync(folder)
  return {
    texts: Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
    modes: [folder, ...names.map((name) => join(folder, name))].map((path) => statSync(path).mode & 0o777),
  }
}
