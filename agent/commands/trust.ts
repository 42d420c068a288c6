import type { Command } from 'commander'
import { err, ok, type Result } from '#core/base/result.ts'
import { addTrust, PinnedTrust, readPinnedTrust, savePinnedTrust } from '../access/pinned-issuers.ts'
import { stateDirOf } from '../config/load-config.ts'
import { fail } from './fail.ts'

/** Whom the agent believes about people, as the owner says it on this machine and nowhere else. */
export interface TrustOptions {
  readonly issuer?: string
  readonly clientId?: string
  readonly groupsClaim?: string
  readonly ownerKey?: readonly string[]
}

export const addTrustOptions = (command: Command): Command =>
  command
    .option('--issuer <url>', 'an OpenID provider whose ID tokens are believed')
    .option('--client-id <id>', 'the client of that provider that they must be made for')
    .option('--groups-claim <name>', "the claim with a person's groups", 'groups')
    .option(
      '--owner-key <key>',
      "the owner's public key; may be given several times. What it signs is believed without a provider",
      (key: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), key],
    )

/** The error is a sentence about the options. */
export function readTrustOptions({
  issuer,
  clientId,
  groupsClaim,
  ownerKey,
}: TrustOptions): Result<PinnedTrust, string> {
  if (issuer !== undefined && clientId === undefined) return err('--issuer also wants --client-id')
  if (issuer === undefined && clientId !== undefined) return err('--client-id also wants --issuer')
  const read = PinnedTrust.safeParse({
    issuers: issuer === undefined ? [] : [{ issuer, clientId, groupsClaim }],
    ownerKeys: ownerKey ?? [],
  })
  if (read.success) return ok(read.data)
  const [found] = read.error.issues
  const flag =
    found?.path[0] === 'ownerKeys' ? '--owner-key' : found?.path.at(-1) === 'issuer' ? '--issuer' : '--client-id'
  return err(`${flag}: ${found?.message ?? 'not understood'}`)
}

/** `trust`: says whom this agent believes, or adds to it. A running agent reads it when it starts. */
export function addTrustCommand(program: Command): void {
  const command = program
    .command('trust')
    .description('say whose word about people is believed here, or pin another issuer or owner key')
    .option('--state-dir <dir>', 'where the keys and the journal are kept')
  addTrustOptions(command).action((options: TrustOptions & { readonly stateDir?: string }) => {
    const stateDir = stateDirOf(options.stateDir, process.env)
    const pinned = readPinnedTrust(stateDir)
    if (!pinned.ok) fail(pinned.error)
    const added = readTrustOptions(options)
    if (!added.ok) fail(added.error)
    const sum = addTrust(pinned.value, added.value)
    if (!sum.ok) fail(sum.error)
    const { issuers, ownerKeys } = sum.value
    if (added.value.issuers.length + added.value.ownerKeys.length > 0) {
      savePinnedTrust(stateDir, sum.value)
      console.error('restart the agent, so that it takes this up')
    }
    for (const { issuer, clientId, groupsClaim } of issuers)
      console.log(`issuer     ${issuer} (client ${clientId}, groups in ${groupsClaim})`)
    for (const key of ownerKeys) console.log(`owner key  ${key}`)
    if (issuers.length + ownerKeys.length === 0) console.log('nobody: no issuer and no owner key is pinned')
  })
}
