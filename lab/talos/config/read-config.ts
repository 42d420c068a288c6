import { err, ok, type Result } from '#core/base/result.ts'
import type { Edition } from '../edition.ts'
import { checkConfig } from './check.ts'
import { loadConfig, type LoadedConfig } from './load.ts'
import type { NodeConfig } from './node-config.ts'

/** A configuration's documents and what they mean to a node; the error names the field and is meant for the caller. */
export function readConfig(
  source: string,
  edition: Edition,
  at: number,
): Result<{ readonly loaded: LoadedConfig; readonly config: NodeConfig }, string> {
  const loaded = loadConfig(source, edition)
  if (!loaded.ok) return loaded
  const config = checkConfig(source, loaded.value, at, edition)
  return config.ok ? ok({ loaded: loaded.value, config: config.value }) : err(config.error)
}
