import type { Enrolment } from '#agent/identity/enrolment.ts'
import { CLUSTER } from '../journal/journal-at.ts'

export const anEnrolment: Enrolment = {
  agentId: '0123456789abcdefghjm',
  siteUid: CLUSTER,
  siteName: 'home',
  relayOrigin: 'https://relay.example',
  recoveryRecipients: [`age1${'q'.repeat(58)}`],
  enrolledAt: 1,
}
