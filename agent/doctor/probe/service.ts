import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What systemd says of the service. */
export interface ServiceFacts {
  /** `active`, `failed`, `inactive` … */
  readonly active: string
  readonly watchdog: boolean
  readonly restartCount: number
  readonly user: string
}

export const UNIT = 'lanline-agent.service'
const PROPERTIES = 'LoadState,ActiveState,WatchdogUSec,NRestarts,User'
const LIMIT_MS = 5_000

/** Undefined: no systemd here, or it does not know the unit. */
export async function serviceFacts(): Promise<ServiceFacts | undefined> {
  try {
    const { stdout } = await promisify(execFile)('systemctl', ['show', UNIT, `--property=${PROPERTIES}`], {
      timeout: LIMIT_MS,
    })
    return parseService(stdout)
  } catch {
    return undefined
  }
}

export function parseService(text: string): ServiceFacts | undefined {
  const values = new Map(
    text.split('\n').map((line): [string, string] => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  )
  if (values.get('LoadState') !== 'loaded') return undefined
  return {
    active: values.get('ActiveState') ?? '',
    watchdog: !['0', '', 'infinity'].includes(values.get('WatchdogUSec') ?? ''),
    restartCount: Number(values.get('NRestarts') ?? 0),
    user: values.get('User') ?? '',
  }
}
