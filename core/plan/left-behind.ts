import type { Finding } from '../model/status.ts'
import type { ClusterView } from './view.ts'

/** What removals could not take away (P11): reported, never hidden. */
export function leftBehind(view: ClusterView): readonly Finding[] {
  return view.operations.flatMap((operation): readonly Finding[] => {
    if (operation.kind !== 'machine.remove') return []
    const machine = 'name' in operation.input ? operation.input.name : operation.subject
    if (operation.decision === 'abandon')
      return [finding(machine, [`the machine itself (${machine}); its removal was abandoned`])]
    if (operation.result?.outcome !== 'succeeded') return []
    const leftovers = operation.result.output['leftovers']
    return Array.isArray(leftovers) && leftovers.length > 0 ? [finding(machine, leftovers.map(String))] : []
  })
}

const finding = (machine: string, leftovers: readonly string[]): Finding => ({
  code: 'left-behind',
  text: `Removing ${machine} left behind: ${leftovers.join(', ')}. Delete it by hand on the host.`,
  facts: { machine, leftovers },
})
