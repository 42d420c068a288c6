import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolder as dataFolderOf } from '#cli/config/paths.ts'
import { stopProxy } from '#cli/tunnel/running-proxy.ts'
import { readTunnelRecord, tunnelFiles } from '#cli/tunnel/tunnel-record.ts'

/**
 * The person of the demo: where they keep what the command line, kubectl and talosctl write. All of it is in the folder of
 * the demo, so that whoever tries it finds their own kubeconfig as it was.
 */
export interface Person {
  /** The name of their context for the API. */
  readonly context: string
  readonly dataFolder: string
  readonly environment: Readonly<Record<'LANLINE_CONFIG' | 'XDG_DATA_HOME' | 'KUBECONFIG' | 'TALOSCONFIG', string>>
}

const CONTEXT = 'demo'

export function furnishPerson(dir: string, api: { readonly url: string; readonly token: string }): Person {
  const environment = {
    LANLINE_CONFIG: `${dir}/lanline.yaml`,
    XDG_DATA_HOME: `${dir}/data`,
    KUBECONFIG: `${dir}/kubeconfig-tunnel`,
    TALOSCONFIG: `${dir}/talosconfig-tunnel`,
  }
  const context = `current: ${CONTEXT}\ncontexts:\n  ${CONTEXT}:\n    url: ${api.url}\n    token: ${api.token}\n`
  writeFileSync(environment.LANLINE_CONFIG, context, { mode: 0o600 })
  return { context: CONTEXT, dataFolder: dataFolderOf(environment), environment }
}

/** Proxies outlive the command that started them; the demo leaves none. */
export async function endTunnels(person: Person): Promise<void> {
  for (const cluster of foldersIn(join(person.dataFolder, 'tunnels', person.context))) {
    const files = tunnelFiles(person.dataFolder, person.context, cluster)
    const record = await readTunnelRecord(files)
    if (record) await stopProxy(record, files)
  }
}

function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    // Nobody has opened a tunnel.
    return []
  }
}
