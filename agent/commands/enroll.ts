import { hostname } from 'node:os'
import type { Command } from 'commander'
import { EnrollRequest, JOIN_TOKEN_PREFIX } from '#core/protocol/enroll.ts'
import { savePinnedTrust } from '../access/pinned-issuers.ts'
import { stateDirOf } from '../config/load-config.ts'
import { enroll, readRelayUrl, TOLERATED_SKEW_MS } from '../identity/enroll.ts'
import { AgeRecipient, findEnrolment, saveEnrolment } from '../identity/enrolment.ts'
import { ensureIdentity } from '../identity/identity.ts'
import { AGENT_VERSION } from '../version.ts'
import { fail } from './fail.ts'
import { addTrustOptions, readTrustOptions, type TrustOptions } from './trust.ts'

interface Options extends TrustOptions {
  readonly url: string
  readonly token: string
  readonly recovery: readonly string[]
  readonly stateDir?: string
}

/** `enroll` makes the keys of this agent, shows the join token once, and remembers which site it belongs to. */
export function addEnrollCommand(program: Command): void {
  const command = program
    .command('enroll')
    .description('join this machine to a site as its agent')
    .requiredOption('--url <url>', 'where the relay is, like https://lanline-agent-relay.example.workers.dev')
    .requiredOption('--token <token>', `the join token, ${JOIN_TOKEN_PREFIX}…; works once, for an hour`)
    .requiredOption(
      '--recovery <recipient>',
      'your age recipient, age1…; may be given several times. Cluster secrets are sealed to it and to this agent',
      (recipient: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), recipient],
    )
    .option('--state-dir <dir>', 'where the keys and the journal are kept')
  addTrustOptions(command).action(async (options: Options) => {
    const stateDir = stateDirOf(options.stateDir, process.env)
    const relay = readRelayUrl(options.url)
    if (!relay.ok) fail(`--url: ${relay.error}`)
    for (const recipient of options.recovery) {
      const read = AgeRecipient.safeParse(recipient)
      if (!read.success) fail(`--recovery ${recipient}: ${read.error.issues[0]?.message ?? 'not a recipient'}`)
    }
    if (!EnrollRequest.shape.token.safeParse(options.token).success)
      fail(
        `--token: a join token is ${JOIN_TOKEN_PREFIX} and 43 characters; copy the whole line that \`lanline agent enroll SITE\` prints`,
      )
    const trust = readTrustOptions(options)
    if (!trust.ok) fail(trust.error)
    const earlier = findEnrolment(stateDir)
    if (!earlier.ok) fail(earlier.error)
    if (earlier.value)
      fail(
        `already enrolled at ${earlier.value.relayOrigin} for site "${earlier.value.siteName}"; another --state-dir makes another agent`,
      )

    const identity = await ensureIdentity(stateDir)
    const answer = await enroll(relay.value, options.token, {
      identity,
      version: AGENT_VERSION,
      hostname: hostname(),
    })
    if (!answer.ok) fail(answer.error)
    const { agentId, siteUid, siteName, serverTimeMs, approved } = answer.value
    // Before the enrolment: an agent that is enrolled has its anchors.
    savePinnedTrust(stateDir, trust.value)
    saveEnrolment(stateDir, {
      agentId,
      siteUid,
      siteName,
      relayOrigin: relay.value.origin,
      recoveryRecipients: [...options.recovery],
      enrolledAt: Date.now(),
    })
    console.log(`enrolled for site "${siteName}" as ${agentId}`)
    console.log(`fingerprint  ${identity.fingerprint}`)
    console.log(`keys         ${stateDir}`)
    if (!approved)
      console.log(
        `approval     compare the fingerprint, then: lanline agent approve ${siteName} ${identity.fingerprint}`,
      )
    const skewMs = Math.abs(serverTimeMs - Date.now())
    if (skewMs > TOLERATED_SKEW_MS)
      console.error(`the clock of this machine is ${Math.round(skewMs / 1000)} s off; correct it (chrony, ntp)`)
    console.log(
      `next         lanline-agent run${options.stateDir === undefined ? '' : ` --state-dir ${options.stateDir}`}`,
    )
  })
}
