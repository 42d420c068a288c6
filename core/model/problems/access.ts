import type { ProblemKind } from './problem-kind.ts'

/** What keeps somebody out: credentials, logins, rights, and how much one may ask. */
export const ACCESS_PROBLEMS = {
  unauthorized: {
    status: 401,
    retry: 'never',
    title: 'The request carries no valid credential.',
    advice: 'Send a session, an API token or the bootstrap token as a bearer token.',
  },
  forbidden: {
    status: 403,
    retry: 'never',
    title: 'Your roles do not allow this.',
    advice: 'Ask an admin for the role named; lanline whoami shows what you have.',
  },
  'credential-expired': {
    status: 401,
    retry: 'never',
    title: 'The session or token has expired.',
    advice: 'Log in again, or make a new token.',
  },
  'credential-revoked': {
    status: 401,
    retry: 'never',
    title: 'The session or token was taken back.',
    advice: 'Ask an admin, if that was not you.',
  },
  'bootstrap-ended': {
    status: 401,
    retry: 'never',
    title: 'The bootstrap token was exchanged for the first admin and is good for nothing more.',
    advice: 'Log in, or use an API token.',
  },
  'login-required': {
    status: 403,
    retry: 'never',
    title: 'Only a person who has logged in can do this.',
    advice: 'Log in and repeat it; a token makes no tokens.',
  },
  'login-not-configured': {
    status: 404,
    retry: 'never',
    title: 'This deployment has no identity provider.',
    advice: 'Set OIDC_ISSUER and OIDC_CLIENT_ID of the API Worker, or use API tokens.',
  },
  'issuer-unreachable': {
    status: 503,
    retry: 'later',
    title: 'The keys of the identity provider could not be read.',
    advice: 'Try again in a minute; check the address of the provider.',
  },
  'id-token-malformed': {
    status: 401,
    retry: 'never',
    title: 'That is no identity token.',
    advice: 'Send the ID token of the provider, whole.',
  },
  'id-token-algorithm': {
    status: 401,
    retry: 'never',
    title: 'The identity token is signed in a way that is not accepted.',
    advice: 'Let the provider sign with one of the algorithms named.',
  },
  'id-token-key-missing': {
    status: 401,
    retry: 'never',
    title: 'The identity token does not name its key.',
    advice: 'Let the provider put kid into the header.',
  },
  'id-token-key-unknown': {
    status: 401,
    retry: 'never',
    title: 'The identity token was signed with a key that the provider does not publish.',
    advice: 'Log in again; after a rotation wait a minute.',
  },
  'id-token-signature': {
    status: 401,
    retry: 'never',
    title: 'The signature of the identity token is wrong.',
    advice: 'Log in again.',
  },
  'id-token-issuer': {
    status: 401,
    retry: 'never',
    title: 'The identity token comes from another provider.',
    advice: 'Log in at the provider named.',
  },
  'id-token-audience': {
    status: 401,
    retry: 'never',
    title: 'The identity token was made for another program.',
    advice: 'Log in with the client id named.',
  },
  'id-token-expired': {
    status: 401,
    retry: 'never',
    title: 'The identity token has expired.',
    advice: 'Log in again; check the clocks.',
  },
  'id-token-not-yet-valid': {
    status: 401,
    retry: 'later',
    title: 'The identity token is from the future.',
    advice: 'Check the clocks of the provider and of this machine.',
  },
  'no-access': {
    status: 403,
    retry: 'never',
    title: 'You are known to the provider, but nobody gave you a role here.',
    advice: 'Ask an admin to bind a role to the name shown.',
  },
  'policy-test-failed': {
    status: 422,
    retry: 'never',
    title: 'The policy does not pass its own tests.',
    advice: 'Correct the bindings, or the tests named.',
  },
  'policy-locks-out': {
    status: 422,
    retry: 'never',
    title: 'With this policy nobody, or not you, could change it any more.',
    advice: 'Keep a binding of admin on everything that holds for you.',
  },
  'name-taken': {
    status: 409,
    retry: 'never',
    title: 'The name is in use.',
    advice: 'Take another one.',
  },
  'too-many-credentials': {
    status: 409,
    retry: 'never',
    title: 'There are too many of these already.',
    advice: 'Revoke those that are not used.',
  },
  'too-many-requests': {
    status: 429,
    retry: 'later',
    title: 'Too many requests came from here.',
    advice: 'Wait a minute.',
  },
  'headers-too-large': {
    status: 431,
    retry: 'never',
    title: 'The headers of the request are too large.',
    advice: 'Send fewer headers and cookies.',
  },
} as const satisfies Record<string, ProblemKind>
