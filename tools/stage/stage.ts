import { mkdirSync } from 'node:fs'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { startLab, type Lab, type LabOptions } from '#lab/lab.ts'
import type { ControlPlane } from '#lab/control-plane/start.ts'
import { enrollAgent, furnishAgent, startAgent, type AgentHome } from './agent.ts'
import { stageApi, type StageApi } from './api.ts'
import type { Program } from './run-process.ts'

/** A site with its own lab and one agent, joined to a control plane: what the demo, the bench and the journeys play on. */
export interface Site {
  readonly name: string
  readonly lab: Lab
  readonly home: AgentHome
  readonly api: StageApi
  /** The owner's recovery identity, `AGE-SECRET-KEY-1…`; whoever has it opens the sealed bundles. */
  readonly recoveryIdentity: string
  /** The agent that runs now. */
  agent(): Program
  /** Starts the agent again, as systemd would. */
  startAgent(env?: Readonly<Record<string, string>>): Program
  close(): Promise<void>
}

export interface SiteOptions {
  readonly name: string
  readonly dir: string
  readonly rate: number
  readonly lab?: Omit<LabOptions, 'rate'>
  /** The owner's recovery identity; a new one when not given. */
  readonly recoveryIdentity?: string
  /** Public half of the owner's key; who has the other half gets certificates from the agent. */
  readonly ownerKey?: string
  /** The agent's environment at its first start. */
  readonly env?: Readonly<Record<string, string>>
}

/** The Site document must exist already; this brings the LAN, enrols the agent and starts it. */
export async function joinSite(plane: ControlPlane, options: SiteOptions): Promise<Site> {
  const api = stageApi(plane.url, plane.adminToken)
  mkdirSync(options.dir, { recursive: true })
  const lab = await startLab({ rate: options.rate, ...options.lab })
  const recoveryIdentity = options.recoveryIdentity ?? (await generateX25519Identity())
  const home = furnishAgent(options.dir, {
    socksUrl: lab.socksUrl,
    proxmox: lab.site,
    factoryUrl: lab.factoryUrl,
    rate: options.rate,
  })
  const join = await api.send<{ token: string; relayUrl: string }>('POST', `/v1/sites/${options.name}/join-tokens`, {
    approve: true,
  })
  if (join.status !== 201) throw new Error(`no join token: ${JSON.stringify(join.body)}`)
  await enrollAgent(home, {
    relayUrl: join.body.relayUrl,
    token: join.body.token,
    recipient: await identityToRecipient(recoveryIdentity),
    ownerKey: options.ownerKey,
  })
  let agent = startAgent(home, options.env)
  return {
    name: options.name,
    lab,
    home,
    api,
    recoveryIdentity,
    agent: () => agent,
    startAgent(env) {
      agent = startAgent(home, env)
      return agent
    },
    async close() {
      await agent.stop()
      await lab.close()
    },
  }
}
