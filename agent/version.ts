import manifest from '../package.json' with { type: 'json' }

/** What the agent calls itself to the cloud and to people. */
export const AGENT_VERSION: string = manifest.version
