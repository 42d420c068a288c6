import { ok } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { OwnLook } from '../own-look.ts'
import type { JournalFacts } from '../probe/own-journal.ts'

/** The journal is whole, and whoever holds it answers. */
export const journalCheck: Check<OwnLook> = {
  name: 'journal',
  run: (look) => Promise.resolve(ok([judgeJournal(look.journal(), look.desk !== undefined, look.stateDir)])),
}

export function judgeJournal(journal: JournalFacts, serviceAnswers: boolean, stateDir: string): Finding {
  const about = 'journal'
  switch (journal.state) {
    case 'absent':
      return fine('journal-sound', about, 'none yet; it begins with the first start')
    case 'sound':
      return fine('journal-sound', about, 'whole')
    case 'in-use':
      if (serviceAnswers) return fine('journal-sound', about, 'whole, and held by the running service')
      return warning(
        'journal-held',
        about,
        'a process holds it that does not answer this user',
        'run the doctor as the user of the service (sudo -u lanline-agent lanline-agent doctor), or: systemctl restart lanline-agent',
      )
    case 'broken':
      return trouble(
        'journal-broken',
        about,
        `it cannot be read: ${journal.text}`,
        `systemctl stop lanline-agent && mv ${stateDir}/journal.sqlite ${stateDir}/journal.broken && systemctl start lanline-agent   # a new one begins; the cloud gives the bundles back (docs/running.md, What to keep)`,
      )
  }
}
