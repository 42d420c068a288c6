/**
 * What the owner's key signs to be believed by an agent: an EdDSA JWT with `kid` = the public key, `iss` and `sub` as
 * below, `aud` = the agent's fingerprint, `jti` random, `exp` at most a minute after `iat`, and perhaps `bind`, the
 * SHA-256 of what it is for, so that whoever carries it cannot use it for something else.
 */
export const OWNER_ISSUER = 'lanline:owner'
export const OWNER_SUBJECT = 'owner'
export const OWNER_ASSERTION_TTL_S = 60
