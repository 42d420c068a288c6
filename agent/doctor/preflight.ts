import type { Clock } from '#core/base/clock.ts'
import { ok } from '#core/base/result.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { Logger } from '../log.ts'
import { SITE_CHECKS } from './all-checks.ts'
import { examine } from './examine.ts'
import { openOwnLook, openSiteLook } from './open-looks.ts'

/**
 * The doctor's look at the site when the service starts: one warning in the log for each problem, with its fix. Nothing
 * waits for it and nothing depends on it; it asks only the LAN, never the relay, which would cost a request a start.
 */
export async function preflight(config: LoadedConfig, log: Pick<Logger, 'warn' | 'info'>, clock: Clock): Promise<void> {
  const input = { config: ok(config), stateDir: config.stateDir, desk: undefined, wanted: undefined, clock }
  const own = { ...openOwnLook(input), relay: () => Promise.resolve(undefined) }
  const site = openSiteLook(config, own, input)
  try {
    const findings = await examine(SITE_CHECKS, site.look, clock)
    const problems = findings.filter(({ level }) => level === 'problem')
    for (const { code, about, text, fix } of problems) log.warn({ event: 'site.troubled', code, about, text, fix })
    log.info({ event: 'site.examined', problemCount: problems.length, findingCount: findings.length })
  } finally {
    await site.close()
  }
}
