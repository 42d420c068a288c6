import { hold, type Rule } from '../rule.ts'

/** Says that the agent is away or has not yet looked around. What it already accepted goes on without the cloud. */
export const agent: Rule = ({ view, documents }) => {
  const site = documents.site.metadata.name
  if (!view.agent.online) return [hold('agent-offline', site, { site, lastSeenAt: view.agent.since ?? null })]
  return view.seenAt === undefined ? [hold('site-unseen', site, { site })] : []
}
