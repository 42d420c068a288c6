import { homedir } from 'node:os'
import { join } from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/** Source: XDG Base Directory Specification; a variable that is not absolute counts as unset. */
const base = (value: string | undefined, ...fallback: readonly string[]): string =>
  value?.startsWith('/') === true ? value : join(homedir(), ...fallback)

export const configPath = (env: Env): string =>
  env['LANLINE_CONFIG'] || join(base(env['XDG_CONFIG_HOME'], '.config'), 'lanline', 'config.yaml')

export const dataFolder = (env: Env): string => join(base(env['XDG_DATA_HOME'], '.local', 'share'), 'lanline')
