import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import type { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { AgentConfig } from './agent-config.ts'

/**
 * Reads the configuration of this agent from one file and the environment, and the files it names. Errors name the
 * file and the field; values of secrets are never repeated.
 */
export interface LoadedConfig {
  readonly stateDir: string
  readonly logLevel: AgentConfig['logLevel']
  readonly proxmox: {
    readonly endpoints: readonly string[]
    readonly tokenId: string
    readonly tokenSecret: Secret<string>
    readonly caPem: string | undefined
    readonly fingerprints: readonly string[] | undefined
    readonly pool: string
  }
  readonly imageFactory: string
  readonly lanProxy: URL | undefined
  readonly clockRate: number
  /** Said once the log is open. */
  readonly warnings: readonly string[]
}

export type Environment = Readonly<Record<string, string | undefined>>

export const DEFAULT_CONFIG_FILE = '/etc/lanline/agent.yaml'
export const DEFAULT_STATE_DIR = '/var/lib/lanline-agent'
/** Name of the systemd credential that holds the secret of the Proxmox API token. */
export const TOKEN_CREDENTIAL = 'proxmox-token-secret'
const MAX_CONFIG_BYTES = 256 * 1024
const PEM_CERTIFICATE = '-----BEGIN CERTIFICATE-----'

/** The state directory alone, for commands that need no configuration file. */
export function stateDirOf(flag: string | undefined, env: Environment, configured?: string): string {
  // systemd gives a colon-separated list when a unit asks for several.
  const fromSystemd = env['STATE_DIRECTORY']?.split(':')[0]
  return flag ?? env['LANLINE_STATE_DIR'] ?? fromSystemd ?? configured ?? DEFAULT_STATE_DIR
}

export function loadConfig(
  flags: { readonly config?: string | undefined; readonly stateDir?: string | undefined },
  env: Environment,
): Result<LoadedConfig, string> {
  const file = flags.config ?? env['LANLINE_AGENT_CONFIG'] ?? DEFAULT_CONFIG_FILE
  const document = readDocument(file)
  if (!document.ok) return document
  const read = AgentConfig.safeParse(overridden(document.value, env))
  if (!read.success) return err(`${file}: ${explain(read.error)}`)
  const { proxmox, lan, ...config } = read.data

  const tokenSecret = findTokenSecret(proxmox, env)
  if (!tokenSecret.ok) return err(`${file}: ${tokenSecret.error}`)
  const caPem = proxmox.caFile === undefined ? ok(proxmox.caPem) : readText(proxmox.caFile, 'proxmox.caFile')
  if (!caPem.ok) return err(`${file}: ${caPem.error}`)

  if (caPem.value !== undefined && !caPem.value.includes(PEM_CERTIFICATE))
    return err(
      `${file}: proxmox.${proxmox.caFile === undefined ? 'caPem' : `caFile: ${proxmox.caFile}`} holds no PEM certificate`,
    )

  const secretFiles = [proxmox.tokenSecret === undefined ? undefined : file, proxmox.tokenSecretFile]
  return ok({
    stateDir: stateDirOf(flags.stateDir, env, config.stateDir),
    logLevel: config.logLevel,
    proxmox: {
      endpoints: proxmox.endpoints,
      tokenId: proxmox.tokenId,
      tokenSecret: new Secret(tokenSecret.value),
      caPem: caPem.value,
      fingerprints: proxmox.fingerprints,
      pool: proxmox.pool,
    },
    imageFactory: config.imageFactory,
    lanProxy: lan.proxy === undefined ? undefined : new URL(lan.proxy),
    clockRate: config.clockRate,
    warnings: secretFiles.flatMap((path) => (path !== undefined && readableByOthers(path) ? [openToOthers(path)] : [])),
  })
}

function readDocument(file: string): Result<unknown, string> {
  const text = readText(file, 'the configuration file')
  if (!text.ok) return err(`${text.error}; name it with --config or LANLINE_AGENT_CONFIG`)
  // YAML reads JSON as well. Aliases are not needed here and could blow a small file up.
  const document = parseDocument(text.value)
  const [first] = document.errors
  if (first) return err(`${file}: ${first.message}`)
  try {
    return ok(document.toJS({ maxAliasCount: 0 }))
  } catch (thrown) {
    if (thrown instanceof ReferenceError) return err(`${file}: YAML aliases (*name) are not taken; write the value out`)
    throw thrown
  }
}

/** The environment speaks last, so that one file serves several agents. */
function overridden(document: unknown, env: Environment): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document
  const rate = env['LANLINE_CLOCK_RATE']
  return {
    ...document,
    ...(env['LANLINE_LOG_LEVEL'] ? { logLevel: env['LANLINE_LOG_LEVEL'] } : {}),
    ...(rate ? { clockRate: Number(rate) } : {}),
  }
}

function findTokenSecret(proxmox: AgentConfig['proxmox'], env: Environment): Result<string, string> {
  if (proxmox.tokenSecret !== undefined) return ok(proxmox.tokenSecret)
  if (proxmox.tokenSecretFile !== undefined)
    return trimmed(readText(proxmox.tokenSecretFile, 'proxmox.tokenSecretFile'))
  const credentials = env['CREDENTIALS_DIRECTORY']
  const path = credentials === undefined ? undefined : join(credentials, TOKEN_CREDENTIAL)
  if (path !== undefined && existsSync(path)) return trimmed(readText(path, `credential ${TOKEN_CREDENTIAL}`))
  return err(`proxmox: give tokenSecretFile, tokenSecret, or the systemd credential "${TOKEN_CREDENTIAL}"`)
}

const trimmed = (text: Result<string, string>): Result<string, string> => (text.ok ? ok(text.value.trim()) : text)

function readText(path: string, what: string): Result<string, string> {
  try {
    if (statSync(path).size > MAX_CONFIG_BYTES) return err(`${what} ${path} is larger than ${MAX_CONFIG_BYTES} bytes`)
    return ok(readFileSync(path, 'utf8'))
  } catch (thrown) {
    return err(`${what} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
}

const readableByOthers = (path: string): boolean => (statSync(path).mode & 0o077) !== 0
const openToOthers = (path: string): string => `${path} holds a secret and others can read it; run: chmod 600 ${path}`

const explain = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`).join('; ')
