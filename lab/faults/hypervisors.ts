import { err, ok, type Result } from '#core/base/result.ts'
import { drawnTrouble } from '#lab/proxmox/weather.ts'
import type { ProxmoxHost } from '#lab/proxmox/host.ts'
import type { FaultOf } from './requests.ts'

/** Trouble with hosts, their clusters and the tokens that open them. */
type HypervisorFault = FaultOf<'hypervisor'> | FaultOf<'cluster'> | FaultOf<'token'>

export async function troubleHypervisor(
  hypervisors: readonly ProxmoxHost[],
  fault: HypervisorFault,
): Promise<Result<undefined, string>> {
  if (fault.kind === 'token.expire') return expire(hypervisors, fault.token, fault.expired)
  const hosts = hypervisors.filter(({ node }) => fault.host === undefined || node === fault.host)
  if (hosts.length === 0) return err(`no hypervisor is called ${fault.host ?? ''}`)
  for (const host of hosts) {
    const made = await troubleHost(host, fault)
    if (!made.ok) return made
  }
  return ok(undefined)
}

async function troubleHost(
  host: ProxmoxHost,
  fault: Exclude<HypervisorFault, { kind: 'token.expire' }>,
): Promise<Result<undefined, string>> {
  switch (fault.kind) {
    case 'hypervisor.online':
      host.setOnline(fault.online)
      return ok(undefined)
    case 'hypervisor.crash':
      await host.crash()
      return ok(undefined)
    case 'hypervisor.certificate':
      await host.renewCertificate()
      return ok(undefined)
    case 'hypervisor.call': {
      const path = toPattern(fault.path)
      if (!path.ok) return path
      host.faults.add({ method: fault.method, path: path.value, times: fault.times, effect: fault.effect })
      return ok(undefined)
    }
    case 'hypervisor.weather':
      host.faults.let(fault.oneIn === 0 ? () => undefined : drawnTrouble({ seed: fault.seed, oneIn: fault.oneIn }))
      return ok(undefined)
    case 'cluster.quorum':
      host.cluster.loseQuorum(fault.lost)
      return ok(undefined)
  }
}

/** Tokens are found by their full name, `user@realm!token`. */
function expire(hypervisors: readonly ProxmoxHost[], name: string, expired: boolean): Result<undefined, string> {
  const [user = '', id = ''] = name.split('!')
  let found = false
  for (const { cluster } of hypervisors) {
    const token = cluster.access.users.get(user)?.tokens.get(id)
    if (!token) continue
    token.expire = expired ? 1 : 0
    found = true
  }
  return found ? ok(undefined) : err(`no token is called ${name}`)
}

function toPattern(text: string): Result<RegExp, string> {
  try {
    return ok(new RegExp(text))
  } catch (error) {
    return err(`path is not a pattern: ${String(error)}`)
  }
}
