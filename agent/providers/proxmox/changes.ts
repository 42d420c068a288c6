import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { Drift, MadeMachine, MachineFound, Provider } from '../provider.ts'
import { correctionOf, isMendable } from './drift-correction.ts'
import { driftOf } from './drift.ts'
import { toProblem } from './errors.ts'
import type { GuestConfigs } from './guest-configs.ts'
import type { ProxmoxHttp } from './http.ts'
import { look, prove } from './identity.ts'
import { postVmConfig, resizeDisk, vmConfig, vmPending } from './nodes/qemu.ts'
import { diskGiBOf, toText, type Row } from './parse.ts'
import { diskKey } from './shape/disks.ts'
import { started } from './translated.ts'

/**
 * How a guest differs from what it was made as, and how it becomes that again.
 *
 *   P7  Nothing is changed before its UUID (and its MAC) proved to be the machine meant; the digest of what was read is sent
 *       along, so that a change that somebody else makes in between is never written over.
 */
export function changeMethods({
  http,
  configs,
}: {
  readonly http: ProxmoxHttp
  readonly configs: GuestConfigs
}): Pick<Provider, 'findDrift' | 'startChange' | 'startGrowth'> {
  async function driftAt(machine: MadeMachine, { host, vmid }: MachineFound): Promise<Result<Compared, Problem>> {
    const config = await vmConfig(http, host, vmid)
    if (!config.ok) return err(toProblem(config.error))
    const pending = await vmPending(http, host, vmid)
    if (!pending.ok) return err(toProblem(pending.error))
    return ok({ config: config.value, drift: driftOf(machine, config.value, pending.value) })
  }

  async function proven(machine: MadeMachine): Promise<Result<MachineFound, Problem>> {
    const { machineId, host, vmid } = machine
    const found = await prove(http, configs, machine)
    if (!found.ok) return found
    return found.value ? ok(found.value) : err(problem('not-found', { machineId, host, vmid }))
  }

  return {
    async findDrift(machine) {
      const sight = await look(http, configs, machine)
      if (!sight.ok) return sight
      const { machineId, host, vmid } = machine
      if (sight.value.state !== 'present') return err(problem('not-found', { machineId, host, vmid }))
      const compared = await driftAt(machine, sight.value.machine)
      return compared.ok ? ok(compared.value.drift.map(withRemedy)) : compared
    },

    async startChange(machine) {
      const found = await proven(machine)
      if (!found.ok) return found
      const compared = await driftAt(machine, found.value)
      if (!compared.ok) return compared
      const { config, drift } = compared.value
      const params = correctionOf(machine, config, drift)
      if (Object.keys(params).length === 0) return ok(undefined)
      const { host, vmid } = found.value
      configs.forget(vmid)
      return started(await postVmConfig(http, host, vmid, { ...params, digest: toText(config['digest']) }))
    },

    async startGrowth(machine, diskName) {
      const found = await proven(machine)
      if (!found.ok) return found
      const { host, vmid } = found.value
      const config = await vmConfig(http, host, vmid)
      if (!config.ok) return err(toProblem(config.error))
      const index = machine.hardware.disks.findIndex(({ name }) => name === diskName)
      const diskGiB = machine.hardware.disks[index]?.sizeGiB ?? 0
      const disk = diskKey(index)
      const now = diskGiBOf(toText(config.value[disk]))
      if (now !== undefined && now >= diskGiB) return ok(undefined)
      const digest = toText(config.value['digest'])
      return started(await resizeDisk(http, host, vmid, { disk, diskGiB, digest }))
    },
  }
}

interface Compared {
  readonly config: Row
  readonly drift: readonly Drift[]
}

/** What waits only waits; of the rest some is beyond any call of ours. */
const withRemedy = (drift: Drift): Drift => (drift.waits || isMendable(drift) ? drift : { ...drift, byHand: true })
