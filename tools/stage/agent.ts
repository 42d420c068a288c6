import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { runProgram, runToEnd, type Program } from './run-process.ts'

/** What an agent must know of its LAN; the lab gives it, as an owner would write it into the configuration. */
export interface AgentLan {
  readonly socksUrl: string
  readonly proxmox: {
    readonly url: string
    readonly caPem: string
    readonly tokenId: string
    readonly tokenSecret: string
  }
  readonly factoryUrl: string
  readonly rate: number
}

/** The folder of one agent: its configuration, its keys and its journal. */
export interface AgentHome {
  readonly configFile: string
  readonly stateDir: string
}

export function furnishAgent(dir: string, lan: AgentLan): AgentHome {
  const stateDir = `${dir}/state`
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const configFile = `${dir}/agent.json`
  const config = {
    proxmox: {
      endpoints: [lan.proxmox.url],
      tokenId: lan.proxmox.tokenId,
      tokenSecret: lan.proxmox.tokenSecret,
      caPem: lan.proxmox.caPem,
      pool: 'lanline',
    },
    imageFactory: lan.factoryUrl,
    lan: { proxy: lan.socksUrl },
    clockRate: lan.rate,
  }
  writeFileSync(configFile, JSON.stringify(config, null, 2))
  chmodSync(configFile, 0o600)
  return { configFile, stateDir }
}

/** `lanline-agent enroll`, as printed by `lanline agent enroll SITE`. */
export const enrollAgent = (
  home: AgentHome,
  join: { relayUrl: string; token: string; recipient: string; ownerKey?: string | undefined },
): Promise<readonly string[]> =>
  runToEnd(
    'agent/main.ts',
    ['enroll', '--url', join.relayUrl, '--token', join.token, '--recovery', join.recipient].concat([
      '--state-dir',
      home.stateDir,
      ...(join.ownerKey === undefined ? [] : ['--owner-key', join.ownerKey]),
    ]),
  )

export const startAgent = (home: AgentHome, env: Readonly<Record<string, string>> = {}): Program =>
  runProgram('agent/main.ts', ['run', '--config', home.configFile, '--state-dir', home.stateDir], { env })

/** `lanline-agent kubeconfig CLUSTER`: the YAML it prints. */
export const kubeconfigOf = async (home: AgentHome, cluster: string): Promise<string> =>
  (
    await runToEnd('agent/main.ts', ['kubeconfig', cluster, '--config', home.configFile, '--state-dir', home.stateDir])
  ).join('\n') + '\n'
