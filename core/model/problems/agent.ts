import type { ProblemKind } from './problem-kind.ts'

/** What agents and the data lane run into at the relay. */
export const AGENT_PROBLEMS = {
  'join-token-invalid': {
    status: 403,
    retry: 'never',
    title: 'The join token is unknown, used or expired.',
    advice: 'Make a new one: lanline agent enroll SITE.',
  },
  'agent-unknown': {
    status: 401,
    retry: 'never',
    title: 'No enrolled agent has this key.',
    advice: 'Enrol the agent again with a new join token.',
  },
  'agent-pending': {
    status: 403,
    retry: 'later',
    title: 'The agent waits for an admin to compare its fingerprint.',
    advice: 'Compare the fingerprint that the agent shows, then run: lanline agent approve SITE FINGERPRINT.',
  },
  'fingerprint-differs': {
    status: 409,
    retry: 'never',
    title: 'The fingerprint is not that of the agent.',
    advice: 'Read it where the agent runs: lanline-agent status. If it differs from the list, reject the agent.',
  },
  'identity-refused': {
    status: 403,
    retry: 'never',
    title: 'The agent does not believe who this is.',
    advice:
      'Log in again; the reason names what was wrong. Issuers and owner keys are pinned with lanline-agent trust.',
  },
  'clock-skewed': {
    status: 401,
    retry: 'later',
    title: 'The clocks of agent and cloud disagree too much.',
    advice: 'Correct the clock of the agent; the answer carries the server time.',
  },
  'stale-offer': {
    status: 409,
    retry: 'never',
    title: 'The offer is older than what the agent has already seen.',
    advice: 'Nothing to do; the cloud plans again.',
  },
  'operation-unsupported': {
    status: 409,
    retry: 'never',
    title: 'The agent does not know this kind of operation.',
    advice: 'Upgrade the agent.',
  },
  'agent-away': {
    status: 503,
    retry: 'later',
    title: 'The agent of the site is not connected.',
    advice: 'Look at the machine of the agent: lanline-agent status.',
  },
  'agent-too-old': {
    status: 409,
    retry: 'never',
    title: 'The agent of the site does not know this.',
    advice: 'Upgrade the agent.',
  },
  'lane-full': {
    status: 429,
    retry: 'later',
    title: 'Too many people use the data lane of this site.',
    advice: 'Wait until one of them is done.',
  },
  'lane-unasked': {
    status: 409,
    retry: 'never',
    title: 'Nobody waits for the agent in the data lane.',
    advice: 'Nothing to do; the agent is asked again when someone comes.',
  },
  'lane-ticket-invalid': {
    status: 401,
    retry: 'never',
    title: 'The ticket for the data lane is unknown, used or expired.',
    advice: 'Ask the API for another one.',
  },
  'journal-full': {
    status: 507,
    retry: 'later',
    title: 'The journal of the agent cannot take another operation.',
    advice: 'Free disk space on the machine of the agent.',
  },
} as const satisfies Record<string, ProblemKind>
