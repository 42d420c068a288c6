import { ok, type Result } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { askEach } from '../facts/hosts.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import { TOLERATED_SKEW_MS } from '../../identity/enroll.ts'
import { toNumber, toRow } from '../../providers/proxmox/parse.ts'
import type { SiteLook } from '../site-look.ts'

/** The clocks of the agent's machine, of the relay and of each host: certificates and door tokens live by them. */
export interface ClockFacts {
  /** Ahead of ours, ms; undefined when the relay was not asked or did not tell. */
  readonly relayAheadMs: number | undefined
  readonly hosts: readonly { readonly host: string; readonly aheadMs: number }[]
}

export const clockCheck: Check<SiteLook> = {
  name: 'clocks',
  async run(look) {
    const relay: Result<number, string> | undefined = await look.relaySkewMs()
    const hosts = await askEach(look, '/time', (data) => (toNumber(toRow(data)['time']) ?? 0) * 1000 - look.clock.now())
    if (!hosts.ok) return hosts
    return ok(
      judgeClocks({
        relayAheadMs: relay?.ok ? relay.value : undefined,
        hosts: hosts.value.flatMap(({ host, answer }) => (answer.ok ? [{ host, aheadMs: answer.value }] : [])),
      }),
    )
  },
}

/** Guests start with the clock of their host; a certificate made here must not begin in their future. */
const TOO_FAR_MS = 5 * 60_000
const NTP = 'timedatectl set-ntp true && systemctl enable --now chrony'

export function judgeClocks({ relayAheadMs, hosts }: ClockFacts): readonly Finding[] {
  const own = judgeOwn(relayAheadMs)
  // When our own clock is the wrong one, every host seems off by as much.
  const offsetMs = relayAheadMs !== undefined && Math.abs(relayAheadMs) > TOLERATED_SKEW_MS ? relayAheadMs : 0
  return [...own, ...hosts.map(({ host, aheadMs }) => judgeHost(host, aheadMs - offsetMs))]
}

function judgeOwn(aheadMs: number | undefined): readonly Finding[] {
  const about = 'clock of this machine'
  if (aheadMs === undefined) return []
  if (Math.abs(aheadMs) <= TOLERATED_SKEW_MS) return [fine('clock-right', about, 'agrees with the relay')]
  return [trouble('clock-skewed', about, `it is ${sayOff(-aheadMs)} of the relay`, `${NTP}   # on this machine`)]
}

function judgeHost(host: string, aheadMs: number): Finding {
  const about = `clock of ${host}`
  if (Math.abs(aheadMs) <= TOLERATED_SKEW_MS) return fine('clock-right', about, 'agrees with the agent')
  const say = Math.abs(aheadMs) > TOO_FAR_MS ? trouble : warning
  return say('clock-skewed', about, `it is ${sayOff(aheadMs)} of the agent's`, `${NTP}   # on ${host}`)
}

const sayOff = (aheadMs: number): string =>
  `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead' : 'behind'}`
