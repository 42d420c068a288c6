import { err } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import type { TalosNode } from '#agent/talos/node.ts'

/** A node that answers nothing: the ground on which a test's node says only what matters to it. */
export function silentNode(address: string): TalosNode {
  const refuse = () => Promise.resolve(err(problem('check-failed', { address, reason: 'the test has no answer' })))
  const say = async function* () {}
  return {
    address,
    readIdentity: refuse,
    version: refuse,
    machineStatus: refuse,
    watchMachineStatus: say,
    bootId: refuse,
    serviceList: refuse,
    diagnostics: refuse,
    activeConfig: refuse,
    applyConfiguration: refuse,
    previewConfiguration: refuse,
    bootstrap: refuse,
    etcdMembers: refuse,
    etcdStatus: refuse,
    forfeitLeadership: refuse,
    leaveEtcd: refuse,
    removeMember: refuse,
    reset: refuse,
    shutdown: refuse,
    resource: refuse,
    resources: refuse,
    watch: say,
    events: say,
    logs: say,
    dmesg: say,
    upgrade: refuse,
    pullImage: refuse,
    rollback: refuse,
    reboot: refuse,
    restartService: refuse,
    disks: refuse,
    wipeDisk: refuse,
    writeMeta: refuse,
    deleteMeta: refuse,
    load: refuse,
    clock: refuse,
    readFile: refuse,
    kubeconfig: refuse,
    clientConfiguration: refuse,
    snapshot: refuse,
    recover: refuse,
    bootstrapFromSnapshot: refuse,
    alarms: refuse,
    disarmAlarms: refuse,
    defragment: refuse,
    close: () => undefined,
  }
}
