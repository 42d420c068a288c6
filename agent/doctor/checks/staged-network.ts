import { ok } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { askEach } from '../facts/hosts.ts'
import { warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** Edits of a host's network that wait to be applied: there is one staging file, and the next reload applies all of it. */
export const stagedNetworkCheck: Check<SiteLook> = {
  name: 'staged network changes',
  async run(look) {
    const asked = await askEach(look, '/network', (_, changes) => changes)
    if (!asked.ok) return asked
    return ok(asked.value.flatMap(({ host, answer }) => (answer.ok ? judgeStaged(host, answer.value) : [])))
  },
}

export function judgeStaged(host: string, changes: string | undefined): readonly Finding[] {
  if (changes === undefined || changes.trim() === '') return []
  const lines = changes.split('\n').filter((line) => /^[+-](?![+-])/.test(line)).length
  return [
    warning(
      'network-staged',
      `network of ${host}`,
      `changes of ${lines} lines wait to be applied, and whoever applies next applies them too`,
      `diff /etc/network/interfaces /etc/network/interfaces.new   # on ${host}\npvesh set /nodes/${host}/network      # to apply them\npvesh delete /nodes/${host}/network   # to drop them`,
    ),
  ]
}
