import { once } from 'node:events'
import type { Command } from 'commander'
import { createAccessDesk } from '../access/access-desk.ts'
import { deskCertificate } from '../access/desk-certificate.ts'
import { createDirectDoor } from '../access/direct-door.ts'
import { createIssueCredential } from '../access/issue-credential.ts'
import { readPinnedTrust } from '../access/pinned-issuers.ts'
import { createIdentityVerifier } from '../access/verify-identity.ts'
import { createClock, realClock } from '../clock.ts'
import { loadConfig, type LoadedConfig } from '../config/load-config.ts'
import { createBoundary, type Boundary } from '../crash-points.ts'
import { createDialer } from '../dialer.ts'
import { preflight } from '../doctor/preflight.ts'
import { dialLane } from '../lane/dial-lane.ts'
import { createLane } from '../lane/lane.ts'
import { serveStream } from '../lane/serve-stream.ts'
import { createLogger, type Logger } from '../log.ts'
import { findIdentity } from '../identity/identity.ts'
import { adoptNextKey, findNextIdentity } from '../identity/rotate-key.ts'
import { createNodeEye } from '../observe/node-eye.ts'
import { createReaderIdentities } from '../observe/reader-identities.ts'
import { createTalosEye } from '../observe/talos-eye.ts'
import { createHandlerDeps } from '../operations/handler-deps.ts'
import { createHandlers } from '../operations/index.ts'
import { createProxmoxProvider } from '../providers/proxmox/provider.ts'
import { startAgent } from '../run/start-agent.ts'
import { dialRelay } from '../session/dial-relay.ts'
import type { LinkState } from '../session/stay-connected.ts'
import { createServiceManager } from '../systemd/notify.ts'
import { AGENT_VERSION } from '../version.ts'
import { admitter } from './admit.ts'
import { createDesk } from './desk.ts'
import { deskSocketPath, serveDesk } from './desk-socket.ts'
import { fail } from './fail.ts'
import { openOwnState, type OwnState } from './own-state.ts'

interface Options {
  readonly config?: string
  readonly stateDir?: string
}

/** Handlers get this long to end their current step; the whole farewell stays under 5 s. */
const STOP_WITHIN_MS = 3_000
/** After this the process ends whatever still hangs; everything that counts is in the journal. */
const EXIT_WITHIN_MS = 4_800

/** `run`, the default: the agent itself, until SIGTERM or SIGINT. */
export function addRunCommand(program: Command): void {
  program
    .command('run', { isDefault: true })
    .description('run the agent (the default)')
    .option('--config <file>', 'the configuration file (LANLINE_AGENT_CONFIG, else /etc/lanline/agent.yaml)')
    .option('--state-dir <dir>', 'where the keys and the journal are kept (STATE_DIRECTORY)')
    .action(async (options: Options) => {
      const config = loadConfig(options, process.env)
      if (!config.ok) fail(config.error)
      // One count over journal and socket together: the crash test walks through it from 1.
      const boundary = createBoundary(process.env['CRASH_AT'])
      const own = await openOwnState(config.value.stateDir, boundary)
      if (!own.ok) fail(own.error)
      await run(config.value, own.value, boundary, createLogger(config.value.logLevel))
    })
}

async function run(config: LoadedConfig, own: OwnState, boundary: Boundary, log: Logger): Promise<void> {
  const { enrolment, identity, journal, vault, recipients } = own
  const clock = createClock(config.clockRate)
  const dialer = createDialer(config.lanProxy)
  const identities = createReaderIdentities(vault, Date.now)
  const service = createServiceManager(process.env)
  const provider = createProxmoxProvider({ ...config.proxmox, clock, dialer })
  /** How far this machine's clock is behind the relay's, as the relay last said. */
  let skewMs = 0

  log.info({
    event: 'agent.started',
    version: AGENT_VERSION,
    agentId: enrolment.agentId,
    siteId: enrolment.siteUid,
    fingerprint: identity.fingerprint,
    incarnation: journal.incarnation,
  })
  for (const warning of config.warnings) log.warn({ event: 'config.warned', text: warning })

  const trust = readPinnedTrust(config.stateDir)
  if (!trust.ok) fail(trust.error)
  const { fingerprint } = identity
  const issue = createIssueCredential({
    journal,
    vault,
    verify: createIdentityVerifier({ trust: trust.value, fingerprint, now: Date.now }),
    audit: (issued) => agent.link.session()?.send(issued),
    now: Date.now,
  })
  const certificate = await deskCertificate(identity.signingKey, Date.now())
  const lane = createLane({
    dial: dialLane(enrolment, identity, () => Date.now() + skewMs),
    serve: serveStream({
      watches: () => journal.watches.all(),
      dialer,
      access: createAccessDesk({ certificate, issue, log }),
      direct: createDirectDoor({ watches: () => journal.watches.all(), dialer, identities, log }),
      log,
    }),
    log,
  })

  const agent = startAgent({
    onLane: lane.open,
    journal,
    vault,
    clock,
    log,
    boundary,
    siteUid: enrolment.siteUid,
    agentVersion: AGENT_VERSION,
    random: Math.random,
    dial: dialRelay(
      enrolment,
      {
        // Read anew for each dial: the key may have been rotated meanwhile.
        current: async () => (await findIdentity(config.stateDir)) ?? identity,
        next: () => findNextIdentity(config.stateDir),
        adoptNext: () => adoptNextKey(config.stateDir),
      },
      () => Date.now() + skewMs,
    ),
    onServerTime: (serverTimeMs) => {
      skewMs = serverTimeMs - Date.now()
      log.warn({ event: 'clock.skewed', skewMs })
    },
    onState: (state) => service.status(sayState(state)),
    handlers: (recall) =>
      createHandlers(
        createHandlerDeps({
          provider,
          dialer,
          vault,
          recipients,
          recall,
          configured: journal.machines,
          imageFactoryUrl: config.imageFactory,
          clock,
        }),
      ),
    look: {
      inventory: () => provider.observe(),
      findDrift: (made) => provider.findDrift(made),
      listEndedWork: () => provider.listEndedWork(),
      talosEye: (machine) => createTalosEye(machine, dialer, identities),
      nodeEye: () => createNodeEye(dialer, identities),
    },
  })

  const desk = createDesk({
    journal,
    vault,
    enrolment,
    fingerprint: identity.fingerprint,
    lanProxy: config.lanProxy,
    now: Date.now,
    link: () => agent.link.state(),
    proxmoxTrouble: agent.observer.trouble,
    admit: admitter(config.stateDir, own),
  })
  const door = await serveDesk(desk, deskSocketPath(config.stateDir, process.env), log).catch((thrown: unknown) => {
    log.error({ event: 'desk.closed', err: thrown })
    return undefined
  })
  service.ready()
  // For those who read a service's log; who starts the agent by hand can ask the doctor by hand.
  if (process.env['NOTIFY_SOCKET'] !== undefined)
    preflight(config, log, realClock).catch((thrown: unknown) => log.error({ event: 'preflight.threw', err: thrown }))

  const signal = await Promise.race([
    once(process, 'SIGTERM').then(() => 'SIGTERM'),
    once(process, 'SIGINT').then(() => 'SIGINT'),
  ])
  log.info({ event: 'agent.stopping', signal })
  service.stopping()
  setTimeout(() => process.exit(0), EXIT_WITHIN_MS).unref()
  door?.close()
  lane.stop()
  await agent.stop(STOP_WITHIN_MS)
  journal.close()
  service.end()
  log.info({ event: 'agent.stopped' })
  process.exit(0)
}

function sayState(state: LinkState): string {
  switch (state.link) {
    case 'connected':
      return 'connected'
    case 'dialling':
      return `dialling again${state.lastEnding ? `: ${state.lastEnding}` : ''}`
    case 'waiting-for-a-person':
      return state.why
  }
}
