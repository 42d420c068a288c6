import { ok } from '#core/base/result.ts'
import { toFlag, toRow, toText } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { askEach } from '../facts/hosts.ts'
import { fine, trouble, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** Talos does not boot on a CPU below x86-64-v2, and nothing boots well without hardware virtualisation. */
export interface ProcessorFacts {
  readonly host: string
  readonly model: string
  readonly virtualisation: boolean
  readonly flags: readonly string[]
}

export const processorCheck: Check<SiteLook> = {
  name: 'processors',
  async run(look) {
    const asked = await askEach(look, '/status', (data) => toRow(toRow(data)['cpuinfo']))
    if (!asked.ok) return asked
    return ok(
      asked.value.flatMap(({ host, answer }) => {
        if (!answer.ok) return []
        const info = answer.value
        const flags = (toText(info['flags']) ?? '').split(/\s+/)
        return [
          judgeProcessor({ host, model: toText(info['model']) ?? '', virtualisation: toFlag(info['hvm']), flags }),
        ]
      }),
    )
  },
}

/** What the model x86-64-v2-AES needs beyond the oldest 64-bit CPU, as Linux names it. */
const NEEDED = ['ssse3', 'sse4_1', 'sse4_2', 'popcnt', 'aes']

export function judgeProcessor({ host, model, virtualisation, flags }: ProcessorFacts): Finding {
  const about = `processor of ${host}`
  if (!virtualisation)
    return trouble(
      'virtualisation-off',
      about,
      `${model} offers no hardware virtualisation, so no machine starts`,
      'switch VT-x or AMD-V on in the firmware of the host; in a nested installation: CPU type host for the outer machine',
    )
  const missing = NEEDED.filter((flag) => !flags.includes(flag))
  if (missing.length > 0)
    return trouble(
      'processor-too-old',
      about,
      `${model} lacks ${missing.join(', ')}, which Talos and the CPU type x86-64-v2-AES need`,
      `place no machines on ${host}: take it out of spec.hosts of the site`,
    )
  return fine('processor-able', about, model)
}
