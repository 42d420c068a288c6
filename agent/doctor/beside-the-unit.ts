import type { Environment } from '../config/load-config.ts'

/** Where the unit takes its credentials from. */
const CREDENTIAL_SOURCE_DIR = '/etc/lanline'

/** The environment of a command that a person runs: the token's secret is looked for where the unit takes it from. */
export const besideTheUnit = (env: Environment): Environment => ({
  CREDENTIALS_DIRECTORY: CREDENTIAL_SOURCE_DIR,
  ...env,
})
