import { ok } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { OwnLook } from '../own-look.ts'
import type { ServiceFacts } from '../probe/service.ts'

/** The service runs, stays up, and is restarted when it hangs. */
export const serviceCheck: Check<OwnLook> = {
  name: 'service',
  run: async (look) => ok(judgeService(await look.service(), look.desk !== undefined)),
}

/** One restart follows an update; a handful says that it does not stay up. */
const MANY_RESTARTS = 5
const ABOUT = 'service'

export function judgeService(service: ServiceFacts | undefined, answers: boolean): readonly Finding[] {
  if (!service)
    return [
      answers
        ? fine('service-running', ABOUT, 'it runs, but not under systemd: nothing restarts it')
        : warning(
            'service-not-installed',
            ABOUT,
            'systemd knows no lanline-agent.service on this machine, and none runs',
            'install -m 644 /opt/lanline/agent/systemd/lanline-agent.service /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now lanline-agent',
          ),
    ]
  const { active, watchdog, restartCount } = service
  const findings: Finding[] = []
  if (active === 'failed')
    findings.push(
      trouble(
        'service-failed',
        ABOUT,
        'systemd has given it up',
        'journalctl -u lanline-agent -n 50; systemctl restart lanline-agent',
      ),
    )
  else if (active !== 'active')
    findings.push(warning('service-stopped', ABOUT, `it is ${active}`, 'systemctl enable --now lanline-agent'))
  if (!watchdog)
    findings.push(
      warning(
        'watchdog-off',
        ABOUT,
        'systemd would not notice that it hangs',
        'set WatchdogSec=60 in the unit, as agent/systemd/lanline-agent.service does; systemctl daemon-reload && systemctl restart lanline-agent',
      ),
    )
  if (restartCount >= MANY_RESTARTS)
    findings.push(
      warning(
        'service-restarting',
        ABOUT,
        `systemd had to restart it ${restartCount} times`,
        'journalctl -u lanline-agent -p warning   # then: systemctl reset-failed lanline-agent',
      ),
    )
  return findings.length > 0 ? findings : [fine('service-running', ABOUT, 'active, with its watchdog')]
}
