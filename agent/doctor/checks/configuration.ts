import { ok, type Result } from '#core/base/result.ts'
import type { LoadedConfig } from '../../config/load-config.ts'
import type { Check } from '../check.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { OwnLook } from '../own-look.ts'

/** The configuration can be read, and its secrets by nobody else. */
export const configurationCheck: Check<OwnLook> = {
  name: 'configuration',
  run: (look) => Promise.resolve(ok(judgeConfiguration(look.config))),
}

export function judgeConfiguration(config: Result<Pick<LoadedConfig, 'warnings'>, string>): readonly Finding[] {
  const about = 'configuration'
  if (!config.ok)
    return [
      trouble(
        'configuration-unreadable',
        about,
        config.error,
        'correct the file named, or name another: lanline-agent doctor --config FILE (docs/running.md, The agent)',
      ),
    ]
  if (config.value.warnings.length === 0)
    return [fine('configuration-read', about, 'read, and its secrets are private')]
  return config.value.warnings.map((text) => {
    const [what = text, fix = 'chmod 600 FILE'] = text.split('; run: ')
    return warning('secret-readable', about, what, fix)
  })
}
