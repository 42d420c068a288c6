import { hold, type Rule } from '../rule.ts'

/** Says that the agent is away, cannot see the hypervisor, or has not yet looked around. What it already accepted goes on without the cloud. */
export const agent: Rule = ({ view, documents }) => {
  const site = documents.site.metadata.name
  if (!view.agent.online) return [hold('agent-offline', site, { site, lastSeenAt: view.agent.since ?? null })]
  if (view.agent.trouble !== undefined) return [hold('hypervisor-unseen', site, { site, cause: view.agent.trouble })]
  return view.seenAt === undefined ? [hold('site-unseen', site, { site })] : []
}
