import { resolve } from 'node:path'
import type { Connection } from '../api/client.ts'
import type { Io } from '../io.ts'

/**
 * This very program as a command line that others can run later: kubectl the credential plugin, and the plugin the proxy.
 * It names the API the way this run found it; a token is never written into it.
 */
export function ownCommand(connection: Connection, io: Io, args: readonly string[]): readonly [string, ...string[]] {
  const [node = process.execPath, script = ''] = process.argv
  const api = connection.context === undefined ? ['--url', connection.url] : ['--context', connection.context]
  return [node, ...process.execArgv, resolve(script), ...api, ...args]
}

/** Variables that say where this program keeps its files; kubectl may be started without them. */
export const ownEnvironment = (io: Io): readonly { readonly name: string; readonly value: string }[] =>
  ['LANLINE_CONFIG', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME'].flatMap((name) => {
    const value = io.env[name]
    return value ? [{ name, value }] : []
  })
