import { ok, type Result } from '#core/base/result.ts'
import type { DeskStatus } from '../../commands/desk.ts'
import type { Enrolment } from '../../identity/enrolment.ts'
import type { Check } from '../check.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { OwnLook } from '../own-look.ts'
import type { RelayFacts } from '../probe/relay.ts'

/** Enrolled, the relay within reach, and the session of the running service. */
export const relayCheck: Check<OwnLook> = {
  name: 'relay',
  run: async (look) => ok(judgeRelay(look.enrolment, await look.relay(), look.desk?.link)),
}

export function judgeRelay(
  enrolment: Result<Pick<Enrolment, 'siteName' | 'relayOrigin'> | undefined, string>,
  relay: Result<RelayFacts, string> | undefined,
  link: DeskStatus['link'] | undefined,
): readonly Finding[] {
  if (!enrolment.ok)
    return [
      trouble(
        'enrolment-unreadable',
        'enrolment',
        enrolment.error,
        'restore the file from your backup, or enrol anew with another --state-dir',
      ),
    ]
  if (!enrolment.value)
    return [
      trouble(
        'not-enrolled',
        'enrolment',
        'this agent belongs to no site yet',
        'lanline agent enroll SITE   # on your machine; it prints the line to run here',
      ),
    ]
  const { siteName, relayOrigin } = enrolment.value
  const reached =
    relay === undefined || relay.ok
      ? fine('relay-reached', relayOrigin, `reached; enrolled for site ${siteName}`)
      : trouble(
          'relay-unreachable',
          relayOrigin,
          `it cannot be reached: ${relay.error}`,
          `curl -sS -o /dev/null -w '%{http_code}\\n' ${relayOrigin}   # on this machine; then its DNS, gateway and firewall (HTTPS outwards)`,
        )
  return [reached, ...judgeLink(link)]
}

function judgeLink(link: DeskStatus['link'] | undefined): readonly Finding[] {
  switch (link?.link) {
    case 'connected':
      return [fine('session-up', 'session', `connected since ${new Date(link.since).toISOString()}`)]
    case 'dialling':
      return [
        warning(
          'session-down',
          'session',
          `not connected, dialling again${link.lastEnding === undefined ? '' : ` (${link.lastEnding})`}`,
          'journalctl -u lanline-agent -n 50 -o cat',
        ),
      ]
    case 'waiting-for-a-person':
      return [
        trouble(
          'session-refused',
          'session',
          link.why,
          'lanline agent enroll SITE   # see docs/running.md, Other signs',
        ),
      ]
    default:
      return []
  }
}
